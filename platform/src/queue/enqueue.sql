-- Jobs as columns. Answers, for each that a taken key suppressed, the one that holds the key; the first time that a
-- job holds it against another is in its timeline (of two at once both may be).
with input as materialized (
  select i.*, c.now as created_at, greatest(i.run_at, c.now) as due_at
  from unnest($1::uuid[], $2::uuid[], $3::text[], $4::int2[], $5::text[], $6::int2[], $7::int2[],
              $8::int2[], $9::text[], $10::bool[], $11::timestamptz[], $12::uuid[],
              $13::text[], $14::text[])
    as i (id, company_id, kind, version, args, queue, priority, max_attempts, unique_key,
          reconciler, run_at, created_by, request_id, traceparent)
  cross join (select engine_now() as now) c
), ready as (
  insert into jobs_open as r (id, company_id, run_at, queue, priority, max_attempts, reconciler, kind, unique_key)
  select id, company_id, due_at, queue, priority, max_attempts, reconciler, kind, unique_key
  from input
  on conflict (company_id, kind, unique_key) where unique_key is not null
  do update set
    rerun_requested = r.rerun_requested or (r.reconciler and r.state = 'running'),
    attempt = case when r.reconciler and r.state = 'waiting' and excluded.run_at < r.run_at then 0
                   else r.attempt end,
    run_at = case when r.state = 'waiting' then least(r.run_at, excluded.run_at)
                  else r.run_at end
  returning r.id, r.company_id, r.kind, r.unique_key
), bodies as (
  insert into job_bodies
    (id, company_id, kind, version, args, unique_key, reconciler, request_id, traceparent, created_by, created_at)
  select id, company_id, kind, version, args, unique_key, reconciler, request_id, traceparent, created_by, created_at
  from input
  where id in (select id from ready)
), suppressed as (
  select i.id as asked, r.id as kept, i.company_id, i.reconciler, i.request_id, i.created_at
  from ready r
  join input i on i.company_id is not distinct from r.company_id
              and i.kind = r.kind and i.unique_key = r.unique_key
  where r.id <> i.id
), noted as (
  -- Being asked for again is a reconciler's ordinary way.
  insert into job_events (job_id, company_id, at, event, reason)
  select kept, company_id, created_at, 'deduplicated', 'asked for again' || coalesce(' by request ' || request_id, '')
  from suppressed s
  where not reconciler
    and not exists (select from job_events e where e.job_id = s.kept and e.event = 'deduplicated')
)
select asked as "asked!: JobId", kept as "kept!: JobId" from suppressed
