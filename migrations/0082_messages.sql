-- Messages that outlast an outage, sleeping alerts that tell afterwards what happened, runs of
-- predictions that keep their own results, and the list that billing is reconciled by.

-- waiting: an e-mail that surely didn't leave so far; it is asked for again under the same key.
alter table effects drop constraint effects_state_check;
alter table effects add constraint effects_state_check
  check (state in ('intended', 'waiting', 'sent', 'confirmed', 'unknown', 'absent'));

alter table alert_items add column untold boolean not null default false;
comment on column alert_items.untold is 'opened while the alert slept: told of when it wakes';

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

-- As before, and a STOP is worth more than whatever kept the address from being written to so far.
create or replace function record_inbound(message_id text, address text, written_at timestamptz, wish text) returns bigint
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
  as $$
declare
  companies_reached bigint;
begin
  insert into inbound_messages (provider_id, received_at) values (message_id, written_at) on conflict do nothing;
  if not found then
    return 0;
  end if;
  insert into contact_windows as w (company_id, recipient, last_inbound_at)
  select distinct m.company_id, m.recipient, written_at from messages m
  where m.recipient = address and m.channel = 'whatsapp'
  on conflict (company_id, recipient) do update
    set last_inbound_at = greatest(w.last_inbound_at, excluded.last_inbound_at);
  get diagnostics companies_reached = row_count;
  if wish = 'stop' then
    insert into suppressions as s (company_id, id, channel, recipient, reason, created_at)
    select distinct on (m.company_id) m.company_id, gen_random_uuid(), 'whatsapp', m.recipient, 'stop', written_at
    from messages m where m.recipient = address and m.channel = 'whatsapp'
    on conflict on constraint suppressions_once do update
      set reason = excluded.reason, created_at = excluded.created_at, created_by = null
      where s.reason not in ('stop', 'unsubscribed', 'complaint');
  elsif wish = 'start' then
    delete from suppressions
    where recipient = address and channel = 'whatsapp' and reason = 'stop' and created_at <= written_at;
  end if;
  return companies_reached;
end $$;

-- Subscriptions that haven't ended, for the clock that asks Stripe for each of them once a day.
create function running_subscriptions() returns table (company_id uuid, stripe_id text)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    select s.company_id, s.stripe_id from subscriptions s
    where s.status not in ('canceled', 'incomplete_expired') order by s.id;
  end;
revoke execute on function running_subscriptions() from public;
grant execute on function running_subscriptions() to vigie_engine;
