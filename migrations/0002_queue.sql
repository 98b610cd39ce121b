-- The job engine. A job is one row of job_bodies, written once, and one narrow row that moves from
-- jobs_open to jobs_finished. No index names a column of jobs_open that claiming or finishing
-- changes, so that claims stay heap-only updates; its fill factor leaves them room on the page.
-- No foreign keys here: companies are archived, never deleted, and each key would cost every job.

create table job_bodies (
  id uuid primary key,
  company_id uuid,                       -- null: a platform job
  kind text not null,
  version smallint not null,
  args text not null,                    -- JSON as it was enqueued
  unique_key text,
  reconciler boolean not null,
  request_id text,
  traceparent text,                      -- W3C trace context of whoever enqueued
  created_by uuid,
  created_at timestamptz not null
);
-- The lists of GET /jobs, newest first; written once, so it never ends a heap-only update.
create index job_bodies_company_id_id on job_bodies (company_id, id);

create table jobs_open (
  id uuid primary key,
  company_id uuid,
  run_at timestamptz not null,
  started_at timestamptz,
  fence int not null default 0,          -- +1 for each claim; a writer with an older one is refused
  worker_id int,
  queue smallint not null,               -- 0 fast, 1 default, 2 heavy
  priority smallint not null default 0,  -- -1 low, 0 normal, 1 high
  state smallint not null default 0,     -- 0 waiting, 1 running
  attempt smallint not null default 0,   -- tries spent; a snooze or a give-back spends none
  max_attempts smallint not null,
  rescues smallint not null default 0,   -- times its worker was lost; two park it
  reconciler boolean not null default false,
  again boolean not null default false,  -- asked for once more while running
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
  state smallint not null,               -- 2 succeeded, 3 dead, 4 cancelled, 5 parked
  attempt smallint not null,
  max_attempts smallint not null,
  kind text not null,
  result text,                           -- JSON
  error text
);
-- Retention deletes by age; the table only grows at its end, so a block range index costs nothing.
create index jobs_finished_finished_at on jobs_finished using brin (finished_at);

-- Failed tries only: the ordinary way is the job's own timestamps.
create table job_attempts (
  job_id uuid not null,
  company_id uuid,
  fence int not null,
  attempt smallint not null,
  worker_id int,
  started_at timestamptz,
  finished_at timestamptz not null,
  class text not null check (class in ('retry', 'rate_limited', 'timeout', 'panic', 'crash', 'permanent')),
  error text not null,
  primary key (job_id, fence)
);

-- What was out of the ordinary, with its reason.
create table job_events (
  job_id uuid not null,
  company_id uuid,
  at timestamptz not null,
  event text not null,
  reason text not null
);
create index job_events_job_id_at on job_events (job_id, at);

-- One row per worker process and start. Liveness is the process's, not the job's.
create table workers (
  id int generated always as identity primary key,
  name text not null,
  started_at timestamptz not null,
  heartbeat_at timestamptz not null,
  stopped_at timestamptz                 -- set when it stopped, or when nothing of a lost one is left
);

-- Who leads: relay, rescuer, scheduler. Renewed each second, taken over three seconds after the last.
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
  declared_cron text not null,           -- as the code has them: a row that differs was edited by an
  declared_timezone text not null,       -- operator and keeps its own
  enabled boolean not null default true,
  last_tick_at timestamptz,
  updated_at timestamptz not null
);

-- A tick fires once, whatever the number of schedulers: the key decides.
create table schedule_ticks (
  schedule_name text not null references schedules (name),
  tick_at timestamptz not null,
  job_id uuid,
  fired_at timestamptz not null,
  primary key (schedule_name, tick_at)
);

select secure_company_table('job_bodies'), secure_engine_table('job_bodies');
select secure_company_table('jobs_open'), secure_engine_table('jobs_open');
select secure_company_table('jobs_finished'), secure_engine_table('jobs_finished');
select secure_company_table('job_attempts'), secure_engine_table('job_attempts');
select secure_company_table('job_events'), secure_engine_table('job_events');
select secure_engine_table('workers');
select secure_engine_table('leases');
select secure_engine_table('schedules');
select secure_engine_table('schedule_ticks');
