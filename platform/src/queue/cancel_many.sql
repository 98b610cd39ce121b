-- Parameters: state, kind, enqueued since, enqueued before, reason, most jobs to change.
--
-- What a row is by the statement's snapshot decides whether it is considered. What it is under its
-- lock decides what is done: in between it may have been claimed or requeued.
with matching as (
  select o.id, o.state = 'running' and o.cancel_requested as requested_before
  from jobs_open o
  join job_bodies b on b.id = o.id
  where ($1::text is null or $1 = shown_job_state(o.state, o.run_at, (select engine_now())))
    and ($2::text is null or o.kind = $2)
    and ($3::timestamptz is null or b.created_at >= $3)
    and ($4::timestamptz is null or b.created_at < $4)
),
-- Running jobs that were requested to stop before are left out: a thousand that are slow to stop
-- would hide the rest from every call.
picked as (
  select o.id, o.state, o.attempt
  from matching m
  join jobs_open o on o.id = m.id
  where not m.requested_before
    and not (o.state = 'running' and o.cancel_requested)
    and ($1::text is null or $1 = shown_job_state(o.state, o.run_at, (select engine_now())))
  order by o.id
  limit $6
  for update of o skip locked
),
finished as (
  select j.id, j.company_id
  from picked p cross join lateral finish_job(p.id, 'cancelled', p.attempt, $5) j
  where p.state = 'waiting'
),
requested as (
  update jobs_open o set cancel_requested = true
  from picked p
  where o.id = p.id and p.state = 'running'
  returning o.id, o.company_id
),
noted as (
  insert into job_events (job_id, company_id, at, event, reason)
  select id, company_id, (select engine_now()), 'cancelled', $5 from finished
  union all
  select id, company_id, (select engine_now()), 'cancel_requested', $5 from requested
)
select (select count(*) from finished) + (select count(*) from requested) as "changed!",
       (select count(*) from matching where requested_before) as "skipped!",
       (select count(*) from matching where not requested_before)
         > (select count(*) from picked) as "more!"
