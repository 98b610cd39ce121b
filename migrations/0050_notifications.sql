-- Notifications: one message per recipient and channel, the ledger of the attempts to send it, and
-- the suppressed addresses. `notifications` is here and not beside the alerts because each row
-- references the message that it caused.

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
  state text not null check (state in ('queued', 'sent', 'delivered', 'read', 'failed',
    'undelivered', 'undetermined', 'suppressed', 'expired', 'cancelled')),
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
create index messages_state on messages (company_id, state, id desc);
create index messages_alert on messages (company_id, alert_id) where alert_id is not null;
-- An inbound message names an address and no company.
create index messages_recipient on messages (recipient, channel);
select secure_company_table('messages');

-- At most one notification per alert, revision, recipient, channel and cause. The revision of the
-- alert distinguishes two occurrences of one cause.
create table notifications (
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
  constraint notifications_once unique (company_id, alert_id, recipient, channel, cause, revision),
  foreign key (company_id, alert_id) references alerts (company_id, id),
  foreign key (company_id, message_id) references messages (company_id, id)
);
create index notifications_message on notifications (company_id, message_id);
select secure_company_table('notifications');

-- One row per attempt to send a message. `intended` is committed before the call to the provider.
-- After a crash, the next attempt then knows that the call may have happened.
create table effects (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  message_id uuid not null,
  provider text not null check (provider in ('twilio', 'brevo')),
  -- waiting: an e-mail that was not sent so far; the next attempt uses the same key.
  -- confirmed: the provider's callback named the effect.
  -- absent: the provider rejected the call, or a look-up found nothing.
  state text not null
    check (state in ('intended', 'waiting', 'sent', 'confirmed', 'unknown', 'absent')),
  provider_id text,
  -- A look-up at the provider compares recipient and body.
  recipient text not null,
  body text not null,
  intended_at timestamptz not null,
  -- From this time on, a look-up that finds nothing proves that nothing was sent.
  settle_at timestamptz not null,
  settled_at timestamptz,
  unique (company_id, id),
  unique (provider, provider_id),
  foreign key (company_id, message_id) references messages (company_id, id)
);
-- A message has at most one live effect: none is added while one is open or after one succeeded.
create unique index effects_one_live on effects (company_id, message_id) where state <> 'absent';
create index effects_message on effects (company_id, message_id);
select secure_company_table('effects');

create table suppressions (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  channel text not null check (channel in ('whatsapp', 'email')),
  recipient text not null,
  reason text not null check (reason in ('stop', 'unsubscribed', 'hard_bounce', 'complaint',
    'invalid', 'blocked', 'manual')),
  created_at timestamptz not null,
  created_by uuid references users (id),
  unique (company_id, id),
  constraint suppressions_once unique (company_id, channel, recipient)
);
select secure_company_table('suppressions');

-- The time of a recipient's last inbound message: WhatsApp accepts free text for 24 hours after it.
create table contact_windows (
  company_id uuid not null references companies (id),
  recipient text not null,
  last_inbound_at timestamptz not null,
  primary key (company_id, recipient)
);
select secure_company_table('contact_windows');

-- Approved WhatsApp templates of the platform's sender, by name and language. The rows belong to no
-- company; `vigie admin` writes them.
create table whatsapp_templates (
  template text not null,
  language text not null check (language in ('fr', 'en')),
  content_sid text not null check (content_sid ~ '^HX[0-9a-f]{32}$'),
  primary key (template, language)
);
grant select on whatsapp_templates to vigie_app;

-- The channels over which nothing is sent for now, because the provider limits our sender or
-- rejects our credentials. The senders are the platform's, so the rows belong to no company. The
-- first message that goes out after `until` deletes the row.
create table sender_pauses (
  channel text not null primary key check (channel in ('whatsapp', 'email')),
  until timestamptz not null,
  class text not null check (class in ('rate_limited', 'misconfigured')),
  code text,
  reason text not null,
  since timestamptz not null,
  updated_at timestamptz not null
);
grant select, insert, update, delete on sender_pauses to vigie_app;

-- Inbound messages to the platform's number, by Twilio's id. Twilio's signature contains no time,
-- so only this table detects a replay. The rows belong to no company. Only record_inbound uses
-- the table.
create table inbound_messages (
  provider_id text not null primary key,
  received_at timestamptz not null
);

-- Records an inbound message: opens the 24-hour window of every company that ever wrote to one of
-- the addresses, which are the forms of one number. The keyword `stop` suppresses the number for
-- all of these companies, and `start` lifts these suppressions. Whatever the message, its number
-- exists. Returns the number of companies; a replay returns 0.
create function record_inbound(
  message_id text, addresses text[], written_at timestamptz, keyword text)
  returns bigint
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
  as $$
declare
  companies_reached bigint;
begin
  insert into inbound_messages (provider_id, received_at) values (message_id, written_at)
  on conflict do nothing;
  if not found then
    return 0;
  end if;
  insert into contact_windows as w (company_id, recipient, last_inbound_at)
  select distinct m.company_id, m.recipient, written_at from messages m
  where m.recipient = any (addresses) and m.channel = 'whatsapp'
  on conflict (company_id, recipient) do update
    set last_inbound_at = greatest(w.last_inbound_at, excluded.last_inbound_at);
  get diagnostics companies_reached = row_count;
  delete from suppressions
  where recipient = any (addresses) and channel = 'whatsapp' and reason = 'invalid'
    and created_at <= written_at;
  if keyword = 'stop' then
    insert into suppressions as s (company_id, id, channel, recipient, reason, created_at)
    select distinct on (m.company_id, m.recipient) m.company_id, gen_random_uuid(), 'whatsapp',
      m.recipient, 'stop', written_at
    from messages m where m.recipient = any (addresses) and m.channel = 'whatsapp'
    -- The recipient's opt-out replaces any reason that somebody else could lift.
    on conflict on constraint suppressions_once do update
      set reason = excluded.reason, created_at = excluded.created_at, created_by = null
      where s.reason not in ('stop', 'unsubscribed', 'complaint');
  elsif keyword = 'start' then
    delete from suppressions
    where recipient = any (addresses) and channel = 'whatsapp' and reason = 'stop'
      and created_at <= written_at;
  end if;
  return companies_reached;
end $$;
revoke execute on function record_inbound(text, text[], timestamptz, text) from public;
grant execute on function record_inbound(text, text[], timestamptz, text) to vigie_app;

-- Returns those of the provider's ids that an effect of any company holds: a message found by a
-- look-up belongs to one effect only.
create function assigned_provider_ids(provider_name text, ids text[]) returns setof text
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    select e.provider_id from effects e
    where e.provider = provider_name and e.provider_id = any (ids);
  end;
revoke execute on function assigned_provider_ids(text, text[]) from public;
grant execute on function assigned_provider_ids(text, text[]) to vigie_app;

-- Ends the message of a send job that ended without it: the job was cancelled, or died. Every
-- message thereby has a job or an end. A message that an attempt may have sent is undetermined. The
-- error code lets a replay of the job send the message (see claim_message).
create function end_message_of_job() returns trigger
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
  as $$
begin
  update messages m
  set state = case
        when exists (select from effects e
                     where e.company_id = m.company_id and e.message_id = m.id
                       and e.state in ('intended', 'unknown')) then 'undetermined'
        when new.state = 'cancelled' then 'cancelled'
        else 'failed' end,
      error_code = case when new.state = 'cancelled' then 'job_cancelled' else 'job_failed' end,
      error = coalesce(new.error, 'the job of the message ended'), ended_at = new.finished_at
  from job_bodies b
  where b.id = new.id and m.company_id = new.company_id and m.id = b.unique_key::uuid
    and m.state = 'queued';
  return null;
end $$;
revoke execute on function end_message_of_job() from public;
create trigger jobs_finished_end_message after insert on jobs_finished
  for each row
  when (new.kind = 'notifications.send_message' and new.state <> 'succeeded')
  execute function end_message_of_job();
