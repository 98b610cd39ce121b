-- Parameters: the lost workers; the number of lost workers after which a job is parked.
--
-- Locked rows are skipped: a frozen worker that holds one would hold up the rescue of all others.
-- The next rescue finds them.
with orphans as (
  select o.id, o.company_id, o.fence, o.attempt, o.rescues, o.worker_id, o.started_at, w.name,
         case when o.rescues + 1 >= case when o.rerun_requested then 2 * $2::int4 else $2 end
              then 'parked'::job_state
              when o.rerun_requested then 'waiting'
              when o.cancel_requested then 'cancelled'
              when o.attempt >= o.max_attempts then 'dead'
              else 'waiting' end as next_state
  from jobs_open o
  join workers w on w.id = o.worker_id
  where o.state = 'running' and o.worker_id = any($1)
  order by o.id
  for update of o skip locked
),
requeued as (
  select j.id
  from orphans o
  cross join lateral requeue_job(
    o.id, (select engine_now()), o.attempt, o.rescues + 1::int2) j
  where o.next_state = 'waiting'
),
finished as (
  select j.id, j.state
  from orphans o
  cross join lateral finish_job(
    o.id, o.next_state, o.attempt, 'worker ' || o.name || ' was lost while it ran') j
  where o.next_state <> 'waiting'
),
failed as (
  insert into job_attempts
    (job_id, company_id, fence, attempt, worker_id, started_at, finished_at, class, error)
  select id, company_id, fence, attempt, worker_id, started_at, (select engine_now()), 'crash',
         'worker ' || name || ' was lost'
  from orphans
),
noted as (
  insert into job_events (job_id, company_id, at, event, reason)
  select id, company_id, (select engine_now()),
         case next_state when 'waiting' then 'rescued' else next_state::text end,
         'worker ' || name || ' lost'
  from orphans
)
select (select count(*) from requeued) as "requeued!",
       (select count(*) from finished where state = 'parked') as "parked!",
       (select count(*) from finished where state <> 'parked') as "finished!"
