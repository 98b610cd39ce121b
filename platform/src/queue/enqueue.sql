-- Enqueues jobs, given as columns. Returns each deduplicated job with the holder of its unique key.
with input as materialized (
  -- `run_at` is never before now: the relay reads no earlier rows, and the age of the queue must
  -- not depend on the caller.
  select i.*, c.now as created_at, greatest(i.run_at, c.now) as due_at
  from unnest($1::uuid[], $2::uuid[], $3::text[], $4::int2[], $5::text[], $6::int2[], $7::int2[],
              $8::int2[], $9::text[], $10::bool[], $11::timestamptz[], $12::uuid[],
              $13::text[], $14::text[])
    as i (id, company_id, kind, version, args, queue, priority, max_attempts, unique_key,
          reconciler, run_at, created_by, request_id, traceparent)
  cross join (select engine_now() as now) c
),
-- A duplicate requests a rerun of a running reconciler and moves a waiting one forward. A
-- reconciler that moves forward gets all its attempts back: events in quick succession would else
-- spend them within one short failure. Another holder keeps its time: it moves forward only to a
-- time that the duplicate requests, and only before its first attempt, because after that it waits
-- for its back-off or for a provider's limit.
opened as (
  insert into jobs_open as o
    (id, company_id, run_at, queue, priority, max_attempts, reconciler, kind, unique_key)
  select id, company_id, due_at, queue, priority, max_attempts, reconciler, kind, unique_key
  from input
  on conflict (company_id, kind, unique_key) where unique_key is not null
  do update set
    rerun_requested = o.rerun_requested or (o.reconciler and o.state = 'running'),
    attempt = case when o.reconciler and o.state = 'waiting' and excluded.run_at < o.run_at then 0
                   else o.attempt end,
    run_at = case when o.state = 'waiting'
                    and (o.reconciler
                         or o.fence = 0 and excluded.id in
                           (select id from input where run_at is not null))
                  then least(o.run_at, excluded.run_at)
                  else o.run_at end
  returning o.id, o.company_id, o.kind, o.unique_key
),
-- Only new jobs have a body to write.
bodies as (
  insert into job_bodies
    (id, company_id, kind, version, args, unique_key, reconciler, request_id, traceparent,
     created_by, created_at)
  select id, company_id, kind, version, args, unique_key, reconciler, request_id, traceparent,
         created_by, created_at
  from input
  where id in (select id from opened)
),
deduplicated as (
  select i.id, o.id as holder_id, i.company_id, i.reconciler, i.request_id, i.created_at
  from opened o
  join input i on i.company_id is not distinct from o.company_id
              and i.kind = o.kind and i.unique_key = o.unique_key
  where o.id <> i.id
),
-- The timeline of a holder shows its first duplicate, or both of two at once. Duplicates of a
-- reconciler are ordinary and not shown.
events as (
  insert into job_events (job_id, company_id, at, event, reason)
  select holder_id, company_id, created_at, 'deduplicated',
         'enqueued again' || coalesce(' by request ' || request_id, '')
  from deduplicated d
  where not reconciler
    and not exists (select from job_events e
                    where e.job_id = d.holder_id and e.event = 'deduplicated')
)
select id as "id!: JobId", holder_id as "holder_id!: JobId" from deduplicated
