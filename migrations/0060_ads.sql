-- Ads: connections to Meta, their ad accounts, and one row per ad and day.
--
-- A refresh reads a window of days into ad_daily_staged and publishes it in one transaction. These
-- tables hold the whole state of a refresh, so that its job continues after a kill.

-- One per person: signing in again replaces the token.
create table ad_connections (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  status text not null check (status in ('ok', 'needs_reauth', 'disconnected')),
  status_reason text,
  sealed_token bytea,                    -- null once disconnected
  expires_at timestamptz,                -- null: doesn't end by itself
  connected_by uuid not null references users (id),
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (company_id, id),
  constraint ad_connections_once unique (company_id, connected_by),
  check ((status = 'disconnected') = (sealed_token is null))
);
select secure_company_table('ad_connections');

create table ad_accounts (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  connection_id uuid not null,
  external_id text not null,             -- act_<digits>
  name text not null,
  timezone text not null,                -- its days begin and end by it
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  last_good_day date,                    -- every day up to it is published
  published_at timestamptz,
  version integer not null default 0,    -- +1 for each publication
  permission_errors smallint not null default 0,  -- in a row; three disable the account
  disabled_reason text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (company_id, id),
  constraint ad_accounts_once unique (company_id, external_id),
  foreign key (company_id, connection_id) references ad_connections (company_id, id)
);
create index ad_accounts_connection on ad_accounts (company_id, connection_id);
select secure_company_table('ad_accounts');

create table ad_refreshes (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  account_id uuid not null,
  state text not null check (state in ('open', 'published', 'failed')),
  first_day date not null,
  last_day date not null check (last_day >= first_day),
  error text,
  rows integer,
  created_at timestamptz not null,
  finished_at timestamptz,
  unique (company_id, id),
  foreign key (company_id, account_id) references ad_accounts (company_id, id),
  check ((state = 'open') = (finished_at is null))
);
-- One refresh per account at a time.
create unique index ad_refreshes_one_open on ad_refreshes (company_id, account_id)
  where state = 'open';
create index ad_refreshes_newest on ad_refreshes (company_id, account_id, id desc);
select secure_company_table('ad_refreshes');

-- The reports of a refresh: one, or several after "too much data".
create table ad_reports (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  refresh_id uuid not null,
  first_day date not null,
  last_day date not null check (last_day >= first_day),
  state text not null check (state in ('waiting', 'running', 'ready', 'read')),
  run_id text,                           -- Meta's id, stored before the first poll
  runs smallint not null default 0,      -- reports started for it
  polls smallint not null default 0,     -- of the present run
  pages integer not null default 0,      -- read of the present run
  barren_pages smallint not null default 0,  -- in a row, without a new ad or day
  started_at timestamptz,
  cursor text,                           -- of the next page to stage
  unique (company_id, id),
  foreign key (company_id, refresh_id) references ad_refreshes (company_id, id) on delete cascade,
  check (state not in ('running', 'ready') or run_id is not null)
);
create index ad_reports_refresh on ad_reports (company_id, refresh_id, first_day);
select secure_company_table('ad_reports');

-- The rows read so far of an open refresh; deleted when it is published.
create table ad_daily_staged (
  company_id uuid not null references companies (id),
  refresh_id uuid not null,
  ad_id text not null,
  day date not null,
  ad_name text not null,
  adset_id text not null,
  adset_name text not null,
  campaign_id text not null,
  campaign_name text not null,
  impressions bigint,
  clicks bigint,
  link_clicks bigint,
  purchases bigint,
  purchase_value numeric(20, 2),
  spend numeric(20, 2),
  reach bigint,
  primary key (company_id, refresh_id, ad_id, day),
  foreign key (company_id, refresh_id) references ad_refreshes (company_id, id) on delete cascade
);
select secure_company_table('ad_daily_staged');

-- Published: one row per ad and day, amounts in the account's currency. A figure that Meta left out
-- is null.
create table ad_daily (
  company_id uuid not null references companies (id),
  account_id uuid not null,
  ad_id text not null,
  day date not null,                     -- in the account's zone
  ad_name text not null,
  adset_id text not null,
  adset_name text not null,
  campaign_id text not null,
  campaign_name text not null,
  impressions bigint check (impressions >= 0),
  clicks bigint check (clicks >= 0),
  link_clicks bigint check (link_clicks >= 0),
  purchases bigint check (purchases >= 0),
  purchase_value numeric(20, 2),
  spend numeric(20, 2),
  reach bigint check (reach >= 0),
  primary key (company_id, account_id, ad_id, day),
  foreign key (company_id, account_id) references ad_accounts (company_id, id)
);
create index ad_daily_day on ad_daily (company_id, account_id, day);
select secure_company_table('ad_daily');

-- Meta's limits that hold for more than one ad account: the bucket is `app`, or the id of a
-- connection. No refresh with the bucket's token calls Meta before `until`. The app is the
-- platform's, so the rows belong to no company.
create table ad_limits (
  bucket text not null primary key check (bucket <> ''),
  until timestamptz not null,
  reason text not null,
  updated_at timestamptz not null
);
grant select, insert, update, delete on ad_limits to vigie_app;

-- A page of the accounts that the schedule refreshes. A page reads its own rows: a scalar subquery
-- is never joined as a whole.
create function refreshable_ad_accounts(after uuid, max_rows bigint)
  returns table (company_id uuid, id uuid)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    select a.company_id, a.id
    from ad_accounts a
    where a.id > coalesce(after, '00000000-0000-0000-0000-000000000000')
      and a.disabled_reason is null
      and (select c.status from ad_connections c where c.id = a.connection_id) = 'ok'
    order by a.id
    limit max_rows;
  end;
revoke execute on function refreshable_ad_accounts(uuid, bigint) from public;
grant execute on function refreshable_ad_accounts(uuid, bigint) to vigie_engine;
