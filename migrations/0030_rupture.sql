-- Rupture: what each product's past shows (demand), and what that means for its stock (outlooks).
-- Both can be rebuilt from facts at any time. People enter nothing here but requests for runs.

-- One computation of the whole company's demand, requested by a person or by an event.
create table prediction_runs (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  state text not null check (state in ('queued', 'succeeded', 'failed')),
  -- The requested day; null = the last complete day with sales.
  requested_as_of date,
  as_of date,
  -- The company's last complete day with sales at the time of the run.
  data_through date,
  horizon_days integer not null default 15 check (horizon_days between 1 and 365),
  products integer,
  requested_by uuid references users (id),
  error text,
  created_at timestamptz not null,
  finished_at timestamptz,
  job_id uuid,
  -- false: computed as of a requested day; the run keeps its own items and changes nothing live.
  live boolean not null default true,
  unique (company_id, id),
  check ((state = 'queued') = (finished_at is null))
);
create index prediction_runs_finished on prediction_runs (company_id, finished_at desc)
  where state = 'succeeded';
select secure_company_table('prediction_runs');

-- Computed after sales and every night; one row per product that was ever sold.
create table demand (
  company_id uuid not null references companies (id),
  product_id uuid not null,
  as_of date not null,
  history_days integer not null check (history_days > 0),
  class text not null check (class in ('smooth', 'intermittent', 'erratic', 'lumpy')),
  -- Units per day over a week, and the factor of each weekday (Monday first).
  rate_per_day double precision not null check (rate_per_day >= 0),
  weekday_factors double precision[] not null check (cardinality(weekday_factors) = 7),
  -- Variance divided by mean of the demand over a lead time.
  dispersion double precision not null check (dispersion >= 0),
  -- By turnover of the last year: A earns the first 80 %, B up to 95 %.
  abc text not null check (abc in ('A', 'B', 'C')),
  computed_at timestamptz not null,
  primary key (company_id, product_id),
  foreign key (company_id, product_id) references products (company_id, id)
    on delete cascade
);
select secure_company_table('demand');

-- Recomputed by every evaluation; a row is rewritten only if a figure changed.
create table outlooks (
  company_id uuid not null references companies (id),
  product_id uuid not null,
  level numeric(20, 3) not null,
  probability double precision not null check (probability between 0 and 1),
  -- Days to rupture; null = beyond a year.
  days_p10 integer,
  days_p50 integer,
  days_p90 integer,
  reorder_point numeric(20, 3) not null,
  safety_stock numeric(20, 3) not null,
  suggested_quantity numeric(20, 3) not null,
  urgency text not null check (urgency in (
    'none', 'within_15_days', 'within_7_days', 'within_3_days', 'within_1_day', 'now')),
  -- Parameters of the computation.
  lead_time_days integer not null,
  service_level double precision not null,
  computed_at timestamptz not null,
  primary key (company_id, product_id),
  foreign key (company_id, product_id) references products (company_id, id)
    on delete cascade
);
create index outlooks_soonest on outlooks (company_id, days_p50, product_id);
select secure_company_table('outlooks');

-- The results of a requested run, within its horizon.
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
  urgency text not null check (urgency in (
    'none', 'within_15_days', 'within_7_days', 'within_3_days', 'within_1_day', 'now')),
  lead_time_days integer not null,
  service_level double precision not null,
  computed_at timestamptz not null,
  primary key (company_id, run_id, product_id),
  foreign key (company_id, run_id) references prediction_runs (company_id, id),
  foreign key (company_id, product_id) references products (company_id, id)
);
select secure_company_table('prediction_items');

-- A page of the companies that have products to watch, for the timers. A page reads its own rows: a
-- scalar subquery is never joined as a whole, and only the index of SKUs yields its order.
create function companies_to_watch(after uuid, max_rows bigint) returns setof uuid
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    select c.id from companies c
    where c.id > coalesce(after, '00000000-0000-0000-0000-000000000000')
      and (select true from products p where p.company_id = c.id order by p.sku_key limit 1)
    order by c.id
    limit max_rows;
  end;
revoke execute on function companies_to_watch(uuid, bigint) from public;
grant execute on function companies_to_watch(uuid, bigint) to vigie_engine;
