-- Parameters: the worker; its known claims as jobs and fences; the jobs of its unconfirmed claims.
--
-- A minute is longer than the deadline of the statement that claims or confirms (20 s), so the row
-- is no claim that is still on its way to its fetcher.
with unknown as (
  select o.id, o.attempt, o.rescues, o.cancel_requested and not o.rerun_requested as ends
  from jobs_open o
  where o.worker_id = $1 and o.state = 'running'
    and o.started_at < (select engine_now()) - interval '1 minute'
    and o.id <> all($4::uuid[])
    and not exists (select from unnest($2::uuid[], $3::int4[]) k (id, fence)
                    where k.id = o.id and k.fence = o.fence)
  order by o.id
  for update
),
-- No body ran, so the attempt isn't spent.
requeued as (
  select j.id, j.company_id
  from unknown u
  cross join lateral requeue_job(
    u.id, (select engine_now()), u.attempt - 1::int2, u.rescues) j
  where not u.ends
),
finished as (
  select j.id
  from unknown u
  cross join lateral finish_job(
    u.id, 'cancelled', u.attempt - 1::int2, 'cancelled before it started') j
  where u.ends
),
noted as (
  insert into job_events (job_id, company_id, at, event, reason)
  select id, company_id, (select engine_now()), 'rescued', 'claimed and never started'
  from requeued
)
select (select count(*) from requeued) + (select count(*) from finished) as "jobs!"
