-- Notifications: one message per recipient and channel, the ledger of what was asked of a provider,
-- and who must not be written to. `notices` is here rather than with the alerts because it names
-- the message that it caused.

create table messages (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  channel text not null check (channel in ('whatsapp', 'email')),
  -- E.164, or an address in lower case.
  recipient text not null check (recipient <> ''),
  user_id uuid references users (id),
  template text not null,
  language text not null check (language in ('fr', 'en')),
  variables jsonb not null,
  state text not null check (state in ('queued', 'sent', 'delivered', 'read', 'failed', 'undelivered',
    'undetermined', 'suppressed', 'expired')),
  -- How it went out: free text inside the 24-hour window, an approved template outside it.
  sent_as text check (sent_as in ('text', 'template', 'email')),
  provider_id text,
  error_code text,
  error text,
  alert_id uuid,
  expires_at timestamptz,
  created_at timestamptz not null,
  sent_at timestamptz,
  delivered_at timestamptz,
  read_at timestamptz,
  ended_at timestamptz,
  unique (company_id, id),
  foreign key (company_id, alert_id) references alerts (company_id, id)
);
create index messages_newest on messages (company_id, id desc);
create index messages_alert on messages (company_id, alert_id) where alert_id is not null;
-- An inbound message names an address and no company.
create index messages_recipient on messages (recipient, channel);
select secure_company_table('messages');

-- Exactly one notice per alert, recipient, channel and cause; a cause is told apart by the revision
-- of the alert that it made.
create table notices (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  alert_id uuid not null,
  recipient text not null,
  channel text not null check (channel in ('whatsapp', 'email')),
  cause text not null check (cause in ('opened', 'product_added', 'escalated')),
  revision integer not null,
  message_id uuid not null,
  created_at timestamptz not null,
  unique (company_id, id),
  constraint notices_once unique (company_id, alert_id, recipient, channel, cause, revision),
  foreign key (company_id, alert_id) references alerts (company_id, id),
  foreign key (company_id, message_id) references messages (company_id, id)
);
select secure_company_table('notices');

-- One row per try to have a provider do something: intended is committed before the call, so that
-- whoever comes after a crash knows that it may have happened.
create table effects (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  message_id uuid not null,
  provider text not null check (provider in ('twilio', 'brevo')),
  -- confirmed: the provider told us of it. absent: looked up and surely not done, or refused.
  -- waiting: an e-mail that surely has not left; it is requested again under the same key.
  state text not null check (state in ('intended', 'waiting', 'sent', 'confirmed', 'unknown', 'absent')),
  provider_id text,
  -- What a look-up compares with.
  recipient text not null,
  body text not null,
  intended_at timestamptz not null,
  -- From when on a look-up is believed.
  settle_at timestamptz not null,
  settled_at timestamptz,
  unique (company_id, id),
  unique (provider, provider_id),
  foreign key (company_id, message_id) references messages (company_id, id)
);
-- A message has one effect at a time whose fate is open, and never a second after a success.
create unique index effects_one_live on effects (company_id, message_id) where state <> 'absent';
select secure_company_table('effects');

create table suppressions (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  channel text not null check (channel in ('whatsapp', 'email')),
  recipient text not null,
  reason text not null check (reason in ('stop', 'unsubscribed', 'hard_bounce', 'complaint', 'invalid', 'blocked', 'manual')),
  created_at timestamptz not null,
  created_by uuid references users (id),
  unique (company_id, id),
  constraint suppressions_once unique (company_id, channel, recipient)
);
select secure_company_table('suppressions');

-- When somebody last wrote to us: WhatsApp lets free text through for 24 hours from then.
create table contact_windows (
  company_id uuid not null references companies (id),
  recipient text not null,
  last_inbound_at timestamptz not null,
  primary key (company_id, recipient)
);
select secure_company_table('contact_windows');

-- Approved WhatsApp templates of the platform's sender, by name and language: no company's rows,
-- written by whoever runs the platform.
create table whatsapp_templates (
  template text not null,
  language text not null check (language in ('fr', 'en')),
  content_sid text not null check (content_sid ~ '^HX[0-9a-f]{32}$'),
  primary key (template, language)
);
grant select on whatsapp_templates to vigie_app;

-- What was written to the platform's number, by Twilio's id: its signature has no time in it, so that
-- only this tells a repetition from a new message. No company's rows; reached by record_inbound alone.
create table inbound_messages (
  provider_id text not null primary key,
  received_at timestamptz not null
);

-- Somebody wrote to the platform's number: every company that ever wrote to them may answer freely
-- for a day; STOP ends the messages of all of them, START lifts that again.
create function record_inbound(message_id text, address text, written_at timestamptz, wish text) returns bigint
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
    -- A STOP replaces whatever else suppressed the address so far.
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
revoke execute on function record_inbound(text, text, timestamptz, text) from public;
grant execute on function record_inbound(text, text, timestamptz, text) to vigie_app;

-- Which of these ids of the provider another effect has already, whatever its company: a message
-- found by a look-up belongs to one effect only.
create function taken_provider_ids(provider_name text, ids text[]) returns setof text
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    select e.provider_id from effects e where e.provider = provider_name and e.provider_id = any (ids);
  end;
revoke execute on function taken_provider_ids(text, text[]) from public;
grant execute on function taken_provider_ids(text, text[]) to vigie_app;
