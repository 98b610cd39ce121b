-- What a row is by the statement's snapshot decides whether it is looked at, what it is under its lock decides what
-- is done: in between it may have been claimed or given back. One that runs and was asked to stop is passed, or a
-- thousand that are slow to stop would hide the rest.
with matching as (
  select r.id, r.state = 1 and r.cancel_requested as asked_before
  from jobs_open r
  join job_bodies b on b.id = r.id
  where ($1::text is null or $1 = case when r.state = 1 then 'running'
                                       when r.run_at > (select engine_now()) then 'scheduled'
                                       else 'queued' end)
    and ($2::text is null or r.kind = $2)
    and ($3::timestamptz is null or b.created_at >= $3)
    and ($4::timestamptz is null or b.created_at < $4)
), picked as (
  select r.id, r.state
  from matching m
  join jobs_open r on r.id = m.id
  where not m.asked_before
    and not (r.state = 1 and r.cancel_requested)
    and ($1::text is null or $1 = case when r.state = 1 then 'running'
                                       when r.run_at > (select engine_now()) then 'scheduled'
                                       else 'queued' end)
  order by r.id
  limit $6
  for update of r skip locked
), moved as (
  delete from jobs_open r using picked p where r.id = p.id and p.state = 0 returning r.*
), stored as (
  insert into jobs_finished
    (id, company_id, started_at, finished_at, fence, worker_id, queue, state, attempt, max_attempts, kind, error)
  select id, company_id, started_at, (select engine_now()), fence, worker_id, queue, 4, attempt, max_attempts, kind, $5
  from moved
), asked as (
  update jobs_open r set cancel_requested = true
  from picked p
  where r.id = p.id and p.state = 1
  returning r.id, r.company_id
), noted as (
  insert into job_events (job_id, company_id, at, event, reason)
  select id, company_id, (select engine_now()), 'cancelled', $5 from moved
  union all
  select id, company_id, (select engine_now()), 'cancel_requested', $5 from asked
)
select (select count(*) from moved) + (select count(*) from asked) as "changed!",
       (select count(*) from matching where asked_before) as "skipped!",
       (select count(*) from matching where not asked_before) > (select count(*) from picked) as "more!"
