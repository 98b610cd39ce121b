-- The job engine. A job is one row of job_bodies, written once, and one narrow row that moves from
-- jobs_open to jobs_finished. No index names a column of jobs_open that claiming changes, so claims
-- stay heap-only updates; the fill factor leaves room for them on the page. There are no foreign
-- keys: companies are archived, never deleted, and each key would cost every job.

-- A job waits or runs in jobs_open; the other four states are final. (Queues stay numbers: under
-- row-level security an index on an enum yields no order, because enum equality isn't leakproof.)
create type job_state as enum (
  'waiting', 'running', 'succeeded', 'dead', 'cancelled', 'parked'
);

create table job_bodies (
  id uuid primary key,
  company_id uuid,                       -- null: a platform job
  kind text not null,
  version smallint not null,
  args text not null,                    -- JSON as it was enqueued
  unique_key text,
  reconciler boolean not null,
  request_id text,
  traceparent text,                      -- W3C trace context of the enqueuing request or job
  created_by uuid,
  created_at timestamptz not null
);
-- Lists of jobs, newest first. job_bodies is never updated, so the index costs one insert per job.
create index job_bodies_company_id_id on job_bodies (company_id, id);

create table jobs_open (
  id uuid primary key,
  company_id uuid,
  run_at timestamptz not null,
  started_at timestamptz,
  fence int not null default 0,          -- +1 per claim; writes with an older fence are rejected
  worker_id int,
  queue smallint not null,               -- 0 fast, 1 default, 2 heavy
  priority smallint not null default 0,  -- -1 low, 0 normal, 1 high
  state job_state not null default 'waiting',  -- or running
  attempt smallint not null default 0,   -- attempts spent; a snooze or a requeue spends none
  max_attempts smallint not null,
  rescues smallint not null default 0,   -- times its worker was lost; two park it
  reconciler boolean not null default false,
  rerun_requested boolean not null default false,  -- a duplicate was enqueued while it ran
  cancel_requested boolean not null default false,
  kind text not null,
  unique_key text,
  progress jsonb
) with (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 0);
create index jobs_open_queue_run_at_id on jobs_open (queue, run_at, id);
create unique index jobs_open_unique_key on jobs_open (company_id, kind, unique_key)
  nulls not distinct where unique_key is not null;

create table jobs_finished (
  id uuid primary key,
  company_id uuid,
  started_at timestamptz,
  finished_at timestamptz not null,
  fence int not null,
  worker_id int,
  queue smallint not null,
  state job_state not null,              -- any but waiting and running
  attempt smallint not null,
  max_attempts smallint not null,
  kind text not null,
  result text,                           -- JSON
  error text
);
-- Retention deletes by age. Rows are appended in time order, so a block range index is enough.
create index jobs_finished_finished_at on jobs_finished using brin (finished_at);

-- Failed attempts only; a success is visible in the job's own timestamps.
create table job_attempts (
  job_id uuid not null,
  company_id uuid,
  fence int not null,
  attempt smallint not null,
  worker_id int,
  started_at timestamptz,
  finished_at timestamptz not null,
  class text not null
    check (class in ('retry', 'rate_limited', 'timeout', 'panic', 'crash', 'permanent')),
  error text not null,
  primary key (job_id, fence)
);

-- Out-of-the-ordinary events of a job, with their reasons.
create table job_events (
  job_id uuid not null,
  company_id uuid,
  at timestamptz not null,
  event text not null check (event in (
    'snoozed', 'rescued', 'deduplicated', 'cancel_requested', 'cancelled', 'dead', 'parked',
    'replayed'
  )),
  reason text not null
);
create index job_events_job_id_at on job_events (job_id, at);

-- One row per worker process and start. Liveness is the process's, not the job's.
create table workers (
  id int generated always as identity primary key,
  name text not null,
  started_at timestamptz not null,
  heartbeat_at timestamptz not null,
  stopped_at timestamptz                 -- set on a stop, or once no job of a lost worker is left
);

-- The leaders: relay, rescuer, scheduler. A lease is renewed each second and expires after three.
create table leases (
  role text primary key,
  holder uuid not null,
  until timestamptz not null
);

create table schedules (
  name text primary key,
  kind text not null,
  cron text not null,
  timezone text not null,
  declared_cron text not null,           -- as the code declares them: a row whose cron or timezone
  declared_timezone text not null,       -- differs was edited by an operator and keeps its values
  enabled boolean not null default true,
  last_tick_at timestamptz,
  updated_at timestamptz not null
);

-- The primary key makes each tick fire once, whatever the number of schedulers.
create table schedule_ticks (
  schedule_name text not null references schedules (name),
  tick_at timestamptz not null,
  job_id uuid,
  fired_at timestamptz not null,
  primary key (schedule_name, tick_at)
);

-- The moves of one job. Each expects that the caller holds the row's lock and has decided on the
-- locked values. They run as the caller, under the caller's row-level security. A batch of
-- successes has a separate statement (platform/src/queue/success.rs). A session plans the body of
-- a plpgsql function once; the body of an SQL function is planned by each statement that calls it.

-- Ends a job: jobs_open to jobs_finished.
create function finish_job(job_id uuid, final_state job_state, attempts_spent smallint, reason text)
  returns setof jobs_finished language plpgsql as $$
begin
  return query with ended as (
    delete from jobs_open where id = job_id returning *
  )
  insert into jobs_finished
    (id, company_id, started_at, finished_at, fence, worker_id, queue, state, attempt,
     max_attempts, kind, error)
  select id, company_id, started_at, (select engine_now()), fence, worker_id, queue, final_state,
         attempts_spent, max_attempts, kind, reason
  from ended
  returning *;
end $$;

-- Makes a running job wait for its next attempt. A reconciler whose rerun was requested has all
-- its attempts ahead of it again.
create function requeue_job(
  job_id uuid, due_at timestamptz, attempts_spent smallint, times_rescued smallint
) returns setof jobs_open language plpgsql as $$
begin
  return query update jobs_open
  set state = 'waiting', worker_id = null, run_at = due_at, rescues = times_rescued,
      attempt = case when rerun_requested then 0 else attempts_spent end,
      rerun_requested = false, cancel_requested = false
  where id = job_id
  returning *;
end $$;

-- Makes a running job wait for its rerun, due now, if one was requested while it ran. Returns no
-- row if another claim owns the job.
create function rerun_job(job_id uuid, held_fence int)
  returns setof jobs_open language plpgsql as $$
begin
  return query update jobs_open
  set state = 'waiting', worker_id = null, run_at = (select engine_now()), attempt = 0,
      rescues = 0, progress = null, rerun_requested = false, cancel_requested = false
  where id = job_id and fence = held_fence and state = 'running' and rerun_requested
  returning *;
end $$;

-- Replays a finished job: jobs_finished to jobs_open, due now, all attempts ahead; its fence goes
-- on. Returns no row where another open job holds its unique key.
create function reopen_job(job_id uuid) returns setof jobs_open language plpgsql as $$
begin
  return query with reopened as (
    insert into jobs_open
      (id, company_id, run_at, fence, queue, max_attempts, reconciler, kind, unique_key)
    select f.id, f.company_id, (select engine_now()), f.fence, f.queue, f.max_attempts,
           b.reconciler, f.kind, b.unique_key
    from jobs_finished f
    join job_bodies b on b.id = f.id
    where f.id = job_id
    on conflict (company_id, kind, unique_key) where unique_key is not null do nothing
    returning *
  ), removed as (
    delete from jobs_finished where id in (select id from reopened)
  )
  select * from reopened;
end $$;

-- The state that clients see: a waiting job is scheduled until it is due, then queued.
create function shown_job_state(state job_state, run_at timestamptz, now timestamptz)
  returns text language sql stable
  return case when state <> 'waiting' then state::text
              when state = 'waiting' and run_at > now then 'scheduled'
              when state = 'waiting' then 'queued' end;

select secure_company_table('job_bodies'), secure_engine_table('job_bodies');
select secure_company_table('jobs_open'), secure_engine_table('jobs_open');
select secure_company_table('jobs_finished'), secure_engine_table('jobs_finished');
select secure_company_table('job_attempts'), secure_engine_table('job_attempts');
select secure_company_table('job_events'), secure_engine_table('job_events');
select secure_engine_table('workers');
select secure_engine_table('leases');
select secure_engine_table('schedules');
select secure_engine_table('schedule_ticks');
