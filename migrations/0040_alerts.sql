-- Alerts: a rule states what to watch, an alert is one firing instance, its items are the products.

create table alert_rules (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  name text not null check (btrim(name) <> '' and length(name) <= 200),
  kind text not null check (kind in ('rupture', 'low_stock', 'predicted_rupture')),
  -- low_stock: the minimum of products without one; predicted_rupture: the probability, 0 to 1.
  threshold numeric(18, 3) check (threshold >= 0),
  -- {product_ids?, category_ids?, supplier_ids?, site_id?}; empty = every product.
  filter jsonb not null default '{}',
  channels text[] not null check (channels <@ array['whatsapp', 'email']),
  -- [{user_id} or {address}]
  recipients jsonb not null default '[]',
  enabled boolean not null default true,
  archived_at timestamptz,
  version integer not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (company_id, id),
  check (kind <> 'predicted_rupture' or threshold is null or threshold between 0 and 1)
);
select secure_company_table('alert_rules');

-- Addresses that may agree to receive the company's alerts, by the code that was sent to them. Only
-- then do rules reach them. An address that is withdrawn loses its row.
create table alert_recipients (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  channel text not null check (channel in ('whatsapp', 'email')),
  -- E.164, or an address in lower case.
  address text not null check (address <> ''),
  confirmed_at timestamptz,
  -- Sealed, so that neither the table nor a message shows it; null once the address has confirmed.
  sealed_code bytea,
  code_expires_at timestamptz,
  -- Wrong attempts at the present code.
  code_attempts integer not null default 0 check (code_attempts between 0 and 5),
  created_at timestamptz not null,
  created_by uuid not null references users (id),
  request_id text default current_request_id(),
  unique (company_id, id),
  constraint alert_recipients_once unique (company_id, channel, address),
  check (confirmed_at is null or sealed_code is null),
  check ((sealed_code is null) = (code_expires_at is null))
);
select secure_company_table('alert_recipients');

create table alerts (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  rule_id uuid not null,
  site_id uuid,
  kind text not null check (kind in ('rupture', 'low_stock', 'predicted_rupture')),
  state text not null check (state in ('open', 'acknowledged', 'snoozed', 'resolved')),
  severity text not null check (severity in ('info', 'medium', 'high', 'critical')),
  -- The worst severity that a notification reported: returning to it is no escalation.
  peak_severity text not null check (peak_severity in ('info', 'medium', 'high', 'critical')),
  -- Incremented by each transition that notifies.
  revision integer not null default 1,
  products integer not null check (products >= 0),
  opened_at timestamptz not null,
  updated_at timestamptz not null,
  acknowledged_at timestamptz,
  acknowledged_by uuid references users (id),
  snoozed_until timestamptz,
  resolved_at timestamptz,
  resolved_by uuid references users (id),
  unique (company_id, id),
  foreign key (company_id, rule_id) references alert_rules (company_id, id),
  foreign key (company_id, site_id) references sites (company_id, id),
  check ((state = 'resolved') = (resolved_at is not null)),
  check ((state = 'snoozed') = (snoozed_until is not null))
);
-- Makes a second open alert of a rule impossible.
create unique index alerts_one_open on alerts (company_id, rule_id, site_id) nulls not distinct
  where resolved_at is null;
create index alerts_newest on alerts (company_id, id desc);
create index alerts_state on alerts (company_id, state, id desc);
create index alerts_rule on alerts (company_id, rule_id, id desc);
select secure_company_table('alerts');

create table alert_items (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  alert_id uuid not null,
  product_id uuid not null,
  urgency text not null check (urgency in ('none', 'within_15_days', 'within_7_days',
    'within_3_days', 'within_1_day', 'now')),
  -- The worst urgency that a notification reported.
  peak_urgency text not null check (peak_urgency in ('none', 'within_15_days', 'within_7_days',
    'within_3_days', 'within_1_day', 'now')),
  -- The figures behind the decision at that time: level, min_stock, probability, days_p50 ..
  opened_figures jsonb not null,
  resolved_figures jsonb,
  opened_at timestamptz not null,
  resolved_at timestamptz,
  -- Opened while the alert was snoozed: the notification after the snooze names the product.
  unnotified boolean not null default false,
  unique (company_id, id),
  foreign key (company_id, alert_id) references alerts (company_id, id),
  foreign key (company_id, product_id) references products (company_id, id)
);
create unique index alert_items_one_open on alert_items (company_id, alert_id, product_id)
  where resolved_at is null;
create index alert_items_alert on alert_items (company_id, alert_id);
select secure_company_table('alert_items');

-- The timeline: each transition with its reason. Rows are appended and never updated.
create table alert_events (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  alert_id uuid not null,
  at timestamptz not null,
  event text not null check (event in ('opened', 'product_added', 'product_resolved', 'escalated',
    'severity_changed', 'notified', 'not_notified', 'acknowledged', 'snoozed', 'resolved')),
  details jsonb not null default '{}',
  actor_id uuid references users (id),
  unique (company_id, id),
  foreign key (company_id, alert_id) references alerts (company_id, id)
);
create index alert_events_alert on alert_events (company_id, alert_id, id);
select secure_company_table('alert_events');
