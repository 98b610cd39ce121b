-- Parameters: state, kind, enqueued since, enqueued before, reason, most jobs to change.
with matching as (
  select f.id, b.unique_key,
         exists (select from jobs_open o
                 where o.company_id = f.company_id and o.kind = f.kind
                   and o.unique_key = b.unique_key) as key_taken
  from jobs_finished f
  join job_bodies b on b.id = f.id
  where f.state in ('dead', 'cancelled', 'parked')
    and ($1::text is null or $1 = f.state::text)
    and ($2::text is null or b.kind = $2)
    and ($3::timestamptz is null or b.created_at >= $3)
    and ($4::timestamptz is null or b.created_at < $4)
),
-- Jobs whose key is taken are left out: a thousand of them would hide the rest from every call.
picked as (
  select f.id, f.kind, m.unique_key
  from matching m
  join jobs_finished f on f.id = m.id
  where not m.key_taken
  order by f.id
  limit $6
  for update of f skip locked
),
-- The order in which enqueueing locks keys, so that the two never wait for each other in a ring.
ordered as (
  select id from picked
  order by kind collate "C", unique_key collate "C" nulls first, id
),
-- A key may be taken meanwhile, and of several picked jobs with one key the oldest gets it.
reopened as (
  select j.id, j.company_id from ordered o cross join lateral reopen_job(o.id) j
),
noted as (
  insert into job_events (job_id, company_id, at, event, reason)
  select id, company_id, (select engine_now()), 'replayed', $5 from reopened
)
select (select count(*) from reopened) as "changed!",
       (select count(*) from matching where key_taken)
         + (select count(*) from picked) - (select count(*) from reopened) as "skipped!",
       (select count(*) from matching where not key_taken)
         > (select count(*) from picked) as "more!"
