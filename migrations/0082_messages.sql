-- Runs of predictions that keep their own results, and the list that billing is reconciled by.

alter table prediction_runs
  add column job_id uuid,
  add column live boolean not null default true;
comment on column prediction_runs.live is
  'false: made as of another day than the default; its results are its own and nothing else follows from them';

-- What a run that somebody asked for found, within its horizon.
create table prediction_items (
  company_id uuid not null references companies (id),
  run_id uuid not null,
  product_id uuid not null,
  history_days integer not null,
  class text not null check (class in ('smooth', 'intermittent', 'erratic', 'lumpy')),
  rate_per_day double precision not null,
  dispersion double precision not null,
  as_of date not null,
  level numeric(20, 3) not null,
  probability double precision not null check (probability between 0 and 1),
  days_p10 integer,
  days_p50 integer not null,
  days_p90 integer,
  reorder_point numeric(20, 3) not null,
  safety_stock numeric(20, 3) not null,
  suggested_quantity numeric(20, 3) not null,
  urgency text not null check (urgency in ('none', 'within_15_days', 'within_7_days', 'within_3_days', 'within_1_day', 'now')),
  lead_time_days integer not null,
  service_level double precision not null,
  computed_at timestamptz not null,
  primary key (company_id, run_id, product_id),
  foreign key (company_id, run_id) references prediction_runs (company_id, id),
  foreign key (company_id, product_id) references products (company_id, id)
);
select secure_company_table('prediction_items');

-- Subscriptions that haven't ended, for the clock that asks Stripe for each of them once a day.
create function running_subscriptions() returns table (company_id uuid, stripe_id text)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    select s.company_id, s.stripe_id from subscriptions s
    where s.status not in ('canceled', 'incomplete_expired') order by s.id;
  end;
revoke execute on function running_subscriptions() from public;
grant execute on function running_subscriptions() to vigie_engine;
