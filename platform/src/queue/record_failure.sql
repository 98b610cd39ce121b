-- Parameters: the claim's job and fence; the wait before the next attempt (null: the job is over)
-- and how many attempts this one leaves unspent; the final state if the job ends; the class and
-- error of the failed attempt; the reason of a snooze.
--
-- Lock first, then decide: a rerun or a cancellation may be requested until the row is locked.
with locked as (
  select o.id, o.company_id, o.fence, o.attempt, o.rescues, o.worker_id, o.started_at,
         case when $3::float8 is not null and not o.cancel_requested then 'requeue'
              when o.rerun_requested then 'rerun'
              else 'finish' end as move
  from jobs_open o
  where o.id = $1 and o.fence = $2 and o.state = 'running'
  for update
),
requeued as (
  select j.id
  from locked l
  cross join lateral requeue_job(
    l.id, (select engine_now()) + make_interval(secs => $3), l.attempt - $4::int2, l.rescues) j
  where l.move = 'requeue'
),
-- The request for a reconciler's rerun isn't lost, however this attempt ended.
rerun as (
  select j.id from locked l cross join lateral rerun_job(l.id, l.fence) j
  where l.move = 'rerun'
),
finished as (
  select j.id from locked l cross join lateral finish_job(l.id, $5::job_state, l.attempt, $7) j
  where l.move = 'finish'
),
failed as (
  insert into job_attempts
    (job_id, company_id, fence, attempt, worker_id, started_at, finished_at, class, error)
  select id, company_id, fence, attempt, worker_id, started_at, (select engine_now()), $6, $7
  from locked
  where $6::text is not null
),
snoozed as (
  insert into job_events (job_id, company_id, at, event, reason)
  select id, company_id, (select engine_now()), 'snoozed', $8
  from locked
  where move = 'requeue' and $8::text is not null
)
select case when exists (select from requeued) or exists (select from finished) then 'stored'
            when exists (select from rerun) then 'rerun'
            else 'lost' end as "recorded!: Recorded"
