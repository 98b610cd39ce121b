-- Billing: plans with their limits, Stripe's events (webhook_events), and each company's
-- subscriptions as in Stripe's record.

-- The same list for all companies. Null is without limit.
create table plans (
  name text primary key check (name in ('free', 'pro', 'enterprise')),
  rank smallint not null unique,
  ad_accounts integer,
  ad_refreshes_per_day integer,          -- per account
  products integer,
  messages_per_month integer,
  seats integer,
  import_rows_per_month bigint
);
grant select on plans to vigie_app;
insert into plans values
  ('free', 0, 3, 1, 500, 300, 3, 250000),
  ('pro', 1, 10, 5, 20000, 10000, 20, 10000000),
  ('enterprise', 2, 999, 999, null, null, null, null);

-- Every webhook with Stripe's signature, unchanged, once per event id. Stored with its job in one
-- transaction before the response to Stripe.
create table webhook_events (
  provider text not null check (provider in ('stripe')),
  id text not null check (id <> ''),
  kind text not null,
  body bytea not null,
  created_at timestamptz not null,       -- by the provider's clock
  received_at timestamptz not null,
  -- routed: a company's job applies it; ignored: not a kind that we use; unmatched: no company of
  -- ours.
  state text not null default 'received'
    check (state in ('received', 'routed', 'ignored', 'unmatched')),
  settled_at timestamptz,
  primary key (provider, id),
  check ((state = 'received') = (settled_at is null))
);
create index webhook_events_received_at on webhook_events (received_at);
select secure_engine_table('webhook_events');

-- A row per subscription of Stripe's, rewritten from its record after each event about it. The
-- company's plan is the best of its subscriptions' plans.
create table subscriptions (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  stripe_id text not null check (stripe_id <> ''),
  customer text not null,
  status text not null,                  -- Stripe's own status
  price text,
  plan text not null references plans (name),
  late_since timestamptz,                -- unpaid since: the grace period begins here
  cancel_at_period_end boolean not null,
  cancel_at timestamptz,                 -- ends then, whatever the period
  current_period_start timestamptz,
  current_period_end timestamptz,
  started_at timestamptz,
  as_of timestamptz not null,            -- read from Stripe at; an older record is not applied
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (company_id, id),
  constraint subscriptions_stripe_id_key unique (stripe_id)
);
create index subscriptions_company_id on subscriptions (company_id);
create index subscriptions_customer on subscriptions (customer);
select secure_company_table('subscriptions');

-- Checkouts, committed before Stripe is called. The idempotency key of the call is the id and the
-- number of discarded keys, because Stripe replays even its own failures for one key.
create table checkouts (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  plan text not null references plans (name),
  discarded_keys smallint not null default 0,
  session_id text,
  url text,
  requested_by uuid not null references users (id),
  created_at timestamptz not null,
  opened_at timestamptz,
  superseded_at timestamptz,             -- a later checkout takes its place
  settled_at timestamptz,                -- nobody can pay the session any more
  unique (company_id, id),
  check ((session_id is null) = (opened_at is null))
);
create index checkouts_company_id on checkouts (company_id, id);
-- One checkout at a time: two sessions could both be paid.
create unique index checkouts_one_present on checkouts (company_id) where superseded_at is null;
select secure_company_table('checkouts');

-- The company's one customer at Stripe, committed before Stripe is called, as a checkout is.
create table billing_customers (
  company_id uuid not null primary key references companies (id),
  customer text,                         -- null until Stripe's response
  email text not null,                   -- a call is repeated with the same parameters
  discarded_keys smallint not null default 0,
  created_at timestamptz not null
);
create index billing_customers_customer on billing_customers (customer);
select secure_company_table('billing_customers');

-- Subscriptions that were paid although another was. Each is cancelled and refunded at Stripe, then
-- settled and the company notified; the row is committed before the first call.
create table duplicate_subscriptions (
  company_id uuid not null references companies (id),
  stripe_id text not null primary key,
  kept_stripe_id text not null,
  invoice text,
  found_at timestamptz not null,
  refund text,                           -- null where nothing was paid
  settled_at timestamptz
);
select secure_company_table('duplicate_subscriptions');

-- Returns the company of an event: the one with the subscription, else the one with its customer,
-- else the one that we stored on the checkout, if it exists.
create function billing_company(subscription text, its_customer text, hint uuid) returns uuid
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    select coalesce(
      (select s.company_id from subscriptions s where s.stripe_id = subscription),
      (select s.company_id from subscriptions s where s.customer = its_customer
       order by s.created_at desc limit 1),
      (select b.company_id from billing_customers b where b.customer = its_customer limit 1),
      (select c.id from companies c where c.id = hint));
  end;
revoke execute on function billing_company(text, text, uuid) from public;
grant execute on function billing_company(text, text, uuid) to vigie_engine;

-- A page of the subscriptions that have not ended, and of the duplicates that are not settled:
-- once a day each is fetched from Stripe.
create function running_subscriptions(after text, max_rows bigint)
  returns table (company_id uuid, stripe_id text)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    -- Each branch has its own limit, so that a page reads no rows of other pages.
    (select s.company_id, s.stripe_id from subscriptions s
     where s.status not in ('canceled', 'incomplete_expired')
       and s.stripe_id > coalesce(after, '')
     order by s.stripe_id
     limit max_rows)
    union all
    (select d.company_id, d.stripe_id from duplicate_subscriptions d
     where d.settled_at is null and d.stripe_id > coalesce(after, '')
     order by d.stripe_id
     limit max_rows)
    order by stripe_id
    limit max_rows;
  end;
revoke execute on function running_subscriptions(text, bigint) from public;
grant execute on function running_subscriptions(text, bigint) to vigie_engine;
