-- Those whose key is held aren't picked: a thousand of them would hide the rest from every call. A key may be taken
-- meanwhile, and of several that were picked with one key the oldest gets it: the insert decides.
with matching as (
  select f.id, b.unique_key, b.reconciler,
         exists (select from jobs_open r
                 where r.company_id = f.company_id and r.kind = f.kind and r.unique_key = b.unique_key) as held
  from jobs_finished f
  join job_bodies b on b.id = f.id
  where f.state in (3, 4, 5)
    and ($1::text is null or $1 = (array['succeeded', 'dead', 'cancelled', 'parked'])[f.state - 1])
    and ($2::text is null or b.kind = $2)
    and ($3::timestamptz is null or b.created_at >= $3)
    and ($4::timestamptz is null or b.created_at < $4)
), picked as (
  select f.id, f.company_id, f.fence, f.queue, f.max_attempts, f.kind, m.unique_key, m.reconciler
  from matching m
  join jobs_finished f on f.id = m.id
  where not m.held
  order by f.id
  limit $6
  for update of f skip locked
), ready as (
  insert into jobs_open (id, company_id, run_at, fence, queue, max_attempts, reconciler, kind, unique_key)
  select id, company_id, (select engine_now()), fence, queue, max_attempts, reconciler, kind, unique_key
  from picked
  -- Keys are waited for in the order in which enqueueing takes them.
  order by kind collate "C", unique_key collate "C" nulls first, id
  on conflict (company_id, kind, unique_key) where unique_key is not null do nothing
  returning id, company_id
), gone as (
  delete from jobs_finished where id in (select id from ready)
), noted as (
  insert into job_events (job_id, company_id, at, event, reason)
  select id, company_id, (select engine_now()), 'replayed', $5 from ready
)
select (select count(*) from ready) as "changed!",
       (select count(*) from matching where held)
         + (select count(*) from picked) - (select count(*) from ready) as "skipped!",
       (select count(*) from matching where not held) > (select count(*) from picked) as "more!"
