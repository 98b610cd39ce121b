-- Companies, people, their roles, and the ways in: registrations, sessions, API keys, resets
-- and invitations.
--
-- A sign-in happens before a company is known, so that its lookups are functions that run as the
-- tables' owner. Each returns the rows of one secret or one address. Only login_lookup,
-- operator_login_lookup, registration_lookup and own_password_hash return a password's hash;
-- vigie_app cannot select it.

create table companies (
  id uuid not null primary key,
  name text not null check (name <> ''),
  country text not null default 'SN' check (country ~ '^[A-Z]{2}$'),
  currency text not null default 'XOF' check (currency ~ '^[A-Z]{3}$'),
  timezone text not null default 'Africa/Dakar',
  language text not null default 'fr' check (language in ('fr', 'en')),
  settings jsonb not null default '{}',
  version int not null default 1,
  created_by uuid not null,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

create table users (
  id uuid not null primary key,
  email text not null check (email = lower(email)),
  password_hash text not null,
  full_name text not null check (full_name <> ''),
  phone text check (phone ~ '^\+[1-9][0-9]{6,14}$'),
  language text not null default 'fr' check (language in ('fr', 'en')),
  active boolean not null default true,      -- false: an operator has closed the account
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  constraint users_email_key unique (email)
);

-- An account that was requested. It exists once the link that was mailed to its address is opened
-- with its password, so that every account's address is verified. Every request has a row, whether
-- or not the address has an account: the mailing job finds out.
create table registrations (
  id uuid not null primary key,
  email text not null check (email = lower(email)),
  password_hash text not null,
  full_name text not null check (full_name <> ''),
  phone text check (phone ~ '^\+[1-9][0-9]{6,14}$'),
  language text not null check (language in ('fr', 'en')),
  company_name text check (company_name <> ''),
  token_hash bytea not null unique check (length(token_hash) = 32),
  sealed_token bytea not null,               -- for the mailing job, whose payload has no secret
  created_at timestamptz not null,
  expires_at timestamptz not null
);
create index registrations_expires_at on registrations (expires_at);

create table memberships (
  company_id uuid not null references companies (id),
  user_id uuid not null references users (id),
  role text not null check (role in ('owner', 'admin', 'manager', 'member', 'viewer')),
  active boolean not null default true,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (company_id, user_id)
);
create index memberships_user_id on memberships (user_id);

-- One signed-in device: the family of its refresh tokens.
create table sessions (
  id uuid not null primary key,
  user_id uuid not null references users (id),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  revoked_because text check (revoked_because in ('logout', 'token_reused', 'password_changed'))
);
create index sessions_user_id on sessions (user_id) where revoked_at is null;
create index sessions_expires_at on sessions (expires_at);

-- A token presented twice was stolen, so that used ones are kept for a while: see sweep_identity.
create table refresh_tokens (
  hash bytea not null primary key check (length(hash) = 32),
  session_id uuid not null references sessions (id) on delete cascade,
  user_id uuid not null references users (id),
  issued_at timestamptz not null,
  used_at timestamptz
);
create index refresh_tokens_session_id on refresh_tokens (session_id);
create index refresh_tokens_used_at on refresh_tokens (used_at) where used_at is not null;

create table password_resets (
  id uuid not null primary key,
  user_id uuid not null references users (id),
  token_hash bytea not null unique check (length(token_hash) = 32),
  sealed_token bytea not null,               -- for the mailing job, whose payload has no secret
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz
);
create index password_resets_user_id on password_resets (user_id) where used_at is null;

create table invitations (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  email text not null check (email = lower(email)),
  role text not null check (role in ('admin', 'manager', 'member', 'viewer')),
  token_hash bytea not null unique check (length(token_hash) = 32),
  sealed_token bytea not null,
  invited_by uuid not null references users (id),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  accepted_at timestamptz,
  accepted_by uuid references users (id),
  unique (company_id, id)
);
create index invitations_invited_by on invitations (invited_by) where accepted_at is null;

create table api_keys (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  name text not null check (name <> ''),
  hash bytea not null check (length(hash) = 32),
  prefix text not null,                      -- the first characters, to distinguish keys in a list
  role text not null check (role in ('admin', 'manager', 'member', 'viewer')),
  scopes text[] not null check (cardinality(scopes) > 0),
  created_by uuid not null references users (id),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  last_used_at timestamptz,                  -- to the minute
  revoked_at timestamptz,
  unique (company_id, id),
  constraint api_keys_hash_key unique (hash)
);
create index api_keys_created_by on api_keys (created_by) where revoked_at is null;

-- People of the platform. They have no role in a company.
create table operators (
  id uuid not null primary key,
  email text not null check (email = lower(email)),
  password_hash text not null,
  sealed_totp_secret bytea not null,         -- of the second factor
  totp_step bigint not null default 0,       -- the last one used: a code is accepted once
  full_name text not null check (full_name <> ''),
  active boolean not null default true,
  created_at timestamptz not null,
  constraint operators_email_key unique (email)
);

create table operator_sessions (
  id uuid not null primary key,
  operator_id uuid not null references operators (id),
  created_at timestamptz not null,
  expires_at timestamptz not null,
  revoked_at timestamptz
);
create index operator_sessions_operator_id on operator_sessions (operator_id)
  where revoked_at is null;
create index operator_sessions_expires_at on operator_sessions (expires_at);

create table audit_log (
  id uuid not null primary key,
  company_id uuid references companies (id), -- null: an event that concerns no company
  actor_kind text not null
    check (actor_kind in ('user', 'api_key', 'operator', 'job', 'command_line')),
  actor_id uuid not null,
  request_id text,
  action text not null,                      -- area.verb_noun
  subject_kind text not null,
  subject_id uuid,
  details jsonb not null default '{}',
  at timestamptz not null
);
create index audit_log_company_id_id on audit_log (company_id, id desc);
create index audit_log_actor on audit_log (company_id, actor_id, id desc);
create index audit_log_action on audit_log (company_id, action, id desc);
create index audit_log_subject on audit_log (company_id, subject_id, id desc);
create index audit_log_request on audit_log (company_id, request_id, id desc);

-- Written in the transaction of the effect: a visible row is an effect that has happened.
create table idempotency_keys (
  -- Deferred: the key of a request that creates a company is stored before the company, in one
  -- transaction.
  company_id uuid not null references companies (id) deferrable initially deferred,
  actor_id uuid not null,
  method text not null,
  route text not null,
  key text not null check (length(key) between 1 and 255),
  fingerprint bytea not null check (length(fingerprint) = 32),
  status smallint,
  location text,
  ids jsonb,
  created_at timestamptz not null,
  primary key (company_id, actor_id, method, route, key)
);
create index idempotency_keys_created_at on idempotency_keys (created_at);

-- Attempts to sign in, reset, register, invite or ask for consent, counted in windows. The key is a
-- digest of the account, the network, or both together; `account` then names the account's own key.
create table login_attempts (
  key bytea not null primary key check (length(key) = 32),
  account bytea,
  window_started_at timestamptz not null,
  attempts int not null
);
create index login_attempts_account on login_attempts (account) where account is not null;
create index login_attempts_window_started_at on login_attempts (window_started_at);

select secure_company_table('memberships');
select secure_company_table('invitations');
select secure_company_table('api_keys');
select secure_company_table('idempotency_keys');

-- One's own memberships in all companies, to list them.
create policy own_rows on memberships for select to vigie_app
  using (user_id = (select current_user_id()));

alter table companies enable row level security;
create policy company_rows on companies to vigie_app
  using (id = (select current_company_id()))
  with check (id = (select current_company_id()));
create policy own_rows on companies for select to vigie_app
  using (id in (select m.company_id from memberships m
                where m.user_id = (select current_user_id()) and m.active));
grant select, insert, update on companies to vigie_app;

-- One's own row, and those of the active company's people; only one's own can be written.
alter table users enable row level security;
create policy own_row on users to vigie_app
  using (id = (select current_user_id()))
  with check (id = (select current_user_id()));
create policy members_rows on users for select to vigie_app
  using (id in (select m.user_id from memberships m
                where m.company_id = (select current_company_id())));
grant insert on users to vigie_app;
grant select (id, email, full_name, phone, language, active, version, created_at, updated_at)
  on users to vigie_app;
grant update (password_hash, full_name, phone, language, version, updated_at)
  on users to vigie_app;

alter table sessions enable row level security;
create policy own_rows on sessions to vigie_app
  using (user_id = (select current_user_id()))
  with check (user_id = (select current_user_id()));
grant select, insert, update on sessions to vigie_app;

alter table refresh_tokens enable row level security;
create policy own_rows on refresh_tokens to vigie_app
  using (user_id = (select current_user_id()))
  with check (user_id = (select current_user_id()));
grant select, insert, update on refresh_tokens to vigie_app;

alter table password_resets enable row level security;
create policy own_rows on password_resets to vigie_app
  using (user_id = (select current_user_id()))
  with check (user_id = (select current_user_id()));
grant select, update on password_resets to vigie_app;

-- Append-only.
alter table audit_log enable row level security;
alter table audit_log alter column company_id set statistics 0;
create policy company_rows on audit_log for select to vigie_app
  using (company_id = (select current_company_id()));
create policy append on audit_log for insert to vigie_app
  with check (company_id is null or company_id = (select current_company_id()));
grant select, insert on audit_log to vigie_app;

-- Returns the open sessions among `session_ids`, each with its user and a membership: that of the
-- requested company, else any, with the number of candidates in `memberships`. `position` is the
-- index in the arrays, from 1; a session that isn't open has no row. One call serves a batch.
create function authenticate(session_ids uuid[], company_ids uuid[])
  returns table ("position" bigint, user_id uuid, company_id uuid, role text, memberships bigint,
                 now timestamptz)
  language plpgsql stable security definer set search_path = pg_catalog, public, pg_temp
  as $$
#variable_conflict use_column
begin
  return query
  select requested.position, u.id, m.company_id, m.role, coalesce(m.n, 0), clock.now
  from unnest(session_ids, company_ids)
       with ordinality as requested (session_id, company_id, position)
  cross join (select engine_now() as now) clock
  join sessions s on s.id = requested.session_id and s.revoked_at is null
    and s.expires_at > clock.now
  join users u on u.id = s.user_id and u.active
  left join lateral (
    select m.company_id, m.role, count(*) over () as n
    from memberships m
    where m.user_id = u.id and m.active
      and (requested.company_id is null or m.company_id = requested.company_id)
    limit 1
  ) m on true;
end $$;

-- The same for API keys. A key is valid until it expires, while its creator is an active member.
-- Its use is recorded once a minute; rows that another batch is recording are skipped, so that
-- batches never wait.
create function authenticate_api_keys(hashes bytea[])
  returns table ("position" bigint, api_key_id uuid, company_id uuid, role text, scopes text[],
                 user_id uuid, user_role text, now timestamptz)
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
  as $$
#variable_conflict use_column
begin
  update api_keys set last_used_at = engine_now()
  where id in (
    select k.id from api_keys k
    where k.hash = any (hashes) and k.revoked_at is null and k.expires_at > engine_now()
      and (k.last_used_at is null or k.last_used_at < engine_now() - interval '1 minute')
    for update skip locked);
  return query
  select requested.position, k.id, k.company_id, k.role, k.scopes, u.id, m.role,
         clock.now
  from unnest(hashes) with ordinality as requested (hash, position)
  cross join (select engine_now() as now) clock
  join api_keys k on k.hash = requested.hash and k.revoked_at is null and k.expires_at > clock.now
  join users u on u.id = k.created_by and u.active
  join memberships m on m.company_id = k.company_id and m.user_id = u.id and m.active;
end $$;

create function authenticate_operator(session_id uuid)
  returns table (operator_id uuid, now timestamptz)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    select o.id, engine_now() from operator_sessions s join operators o on o.id = s.operator_id
    where s.id = session_id and s.revoked_at is null and s.expires_at > engine_now() and o.active;
  end;

-- Opens a session of an operator whose password and code were verified, unless the password has
-- changed meanwhile or the code's step was used. Returns whether it was opened.
create function open_operator_session(
    session_id uuid, operator uuid, expected_hash text, step bigint, lifetime_seconds float8)
  returns boolean
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
  as $$
begin
  update operators set totp_step = step
  where id = operator and active and password_hash = expected_hash and totp_step < step;
  if not found then
    return false;
  end if;
  insert into operator_sessions (id, operator_id, created_at, expires_at)
  values (session_id, operator, engine_now(),
          engine_now() + make_interval(secs => lifetime_seconds));
  return true;
end $$;

create function end_operator_session(session_id uuid) returns void
  language sql volatile security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    update operator_sessions set revoked_at = engine_now()
    where id = session_id and revoked_at is null;
  end;

create function login_lookup(address text)
  returns table (id uuid, password_hash text, active boolean)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    select u.id, u.password_hash, u.active from users u where u.email = address;
  end;

create function operator_login_lookup(address text)
  returns table (id uuid, password_hash text, active boolean, sealed_totp_secret bytea)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    select o.id, o.password_hash, o.active, o.sealed_totp_secret
    from operators o where o.email = address;
  end;

create function own_password_hash() returns text
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    select u.password_hash from users u where u.id = current_user_id();
  end;

create function refresh_lookup(token_hash bytea)
  returns table (user_id uuid, session_id uuid, session_open boolean)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    select t.user_id, t.session_id,
           s.revoked_at is null and s.expires_at > engine_now() and u.active
    from refresh_tokens t
    join sessions s on s.id = t.session_id
    join users u on u.id = t.user_id
    where t.hash = token_hash;
  end;

create function password_reset_lookup(hash bytea)
  returns table (id uuid, user_id uuid)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    select r.id, r.user_id from password_resets r join users u on u.id = r.user_id
    where r.token_hash = hash and r.used_at is null and r.expires_at > engine_now() and u.active;
  end;

-- The engine creates a reset in the transaction of the platform job that mails it. An address
-- without an account gets no row; the caller does the same work and learns nothing.
create function create_password_reset(
    reset_id uuid, address text, hash bytea, sealed bytea, lifetime interval)
  returns void
  language sql volatile security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    insert into password_resets (id, user_id, token_hash, sealed_token, created_at, expires_at)
    select reset_id, u.id, hash, sealed, engine_now(), engine_now() + lifetime
    from users u where u.email = address and u.active;
  end;

-- Returns the content of the mail, while the reset is open.
create function password_reset_mail(reset_id uuid)
  returns table (email text, full_name text, language text, sealed_token bytea)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    select u.email, u.full_name, u.language, r.sealed_token
    from password_resets r join users u on u.id = r.user_id
    where r.id = reset_id and r.used_at is null and r.expires_at > engine_now() and u.active;
  end;

-- The engine creates a registration in the transaction of the platform job that mails its link.
create function create_registration(
    registration_id uuid, address text, password text, name text, phone_number text,
    preferred_language text, company text, hash bytea, sealed bytea, lifetime interval)
  returns void
  language sql volatile security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    insert into registrations (id, email, password_hash, full_name, phone, language, company_name,
                               token_hash, sealed_token, created_at, expires_at)
    values (registration_id, address, password, name, phone_number, preferred_language, company,
            hash, sealed, engine_now(), engine_now() + lifetime);
  end;

-- Returns the content of the mail. `holder` is the name of the account that the address has
-- already. A closed account receives no mail.
create function registration_mail(registration_id uuid)
  returns table (email text, language text, holder text, sealed_token bytea)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    select r.email, coalesce(u.language, r.language), u.full_name, r.sealed_token
    from registrations r left join users u on u.email = r.email
    where r.id = registration_id and r.expires_at > engine_now() and u.active is not false;
  end;

create function registration_lookup(hash bytea)
  returns table (id uuid, email text, password_hash text, full_name text, phone text,
                 language text, company_name text)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    select r.id, r.email, r.password_hash, r.full_name, r.phone, r.language, r.company_name
    from registrations r where r.token_hash = hash and r.expires_at > engine_now();
  end;

-- Ends a registration whose account is created in the same transaction. Returns whether it was
-- open: of concurrent requests with one link, one creates the account.
create function end_registration(registration_id uuid) returns boolean
  language sql volatile security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    with ended as (delete from registrations where id = registration_id returning id)
    select exists (select from ended);
  end;

-- Ends every way in that the transaction's user had before a new password: sessions other than the
-- kept one, resets, API keys in all companies, and invitations that the account has sent. Forgives
-- the failed sign-ins of the account.
create function end_former_access(kept_session uuid, account_key bytea) returns void
  language sql volatile security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    update sessions set revoked_at = engine_now(), revoked_because = 'password_changed'
    where user_id = current_user_id() and id is distinct from kept_session and revoked_at is null;
    update password_resets set used_at = engine_now()
    where user_id = current_user_id() and used_at is null;
    update api_keys set revoked_at = engine_now()
    where created_by = current_user_id() and revoked_at is null;
    update invitations set expires_at = engine_now()
    where invited_by = current_user_id() and accepted_at is null and expires_at > engine_now();
    delete from login_attempts where key = account_key;
    delete from login_attempts where account = account_key;
  end;

create function invitation_lookup(hash bytea)
  returns table (company_id uuid, id uuid, email text, user_id uuid)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    select i.company_id, i.id, i.email, u.id
    from invitations i left join users u on u.email = i.email
    where i.token_hash = hash and i.accepted_at is null and i.expires_at > engine_now();
  end;

-- Counts one attempt for each key and returns the number of its window, this one included.
create function count_attempts(keys bytea[], accounts bytea[], window_length interval)
  returns table (key bytea, attempts int, window_started_at timestamptz)
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
  as $$
#variable_conflict use_column
begin
  return query
  insert into login_attempts as a (key, account, window_started_at, attempts)
  select k, acc, engine_now(), 1 from unnest(keys, accounts) as counted (k, acc) order by k
  on conflict (key) do update set
    attempts = case when a.window_started_at + window_length > engine_now()
                    then a.attempts + 1 else 1 end,
    window_started_at = case when a.window_started_at + window_length > engine_now()
                             then a.window_started_at else engine_now() end
  returning a.key, a.attempts, a.window_started_at;
end $$;

-- After a successful login: clears the attempts of the account and of its pair with the network,
-- and takes one off the network's.
create function clear_login_attempts(account_key bytea, pair bytea, network bytea) returns void
  language sql volatile security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    delete from login_attempts where key in (account_key, pair);
    update login_attempts set attempts = attempts - 1 where key = network and attempts > 0;
  end;

-- Deletes ended sessions, used refresh tokens, expired resets and registrations, old windows of
-- attempts and old idempotency keys. A used refresh token is kept for a week, to notice that
-- somebody presents it again.
create function sweep_identity() returns bigint
  language plpgsql volatile security definer set search_path = pg_catalog, public, pg_temp
  as $$
declare
  swept bigint := 0;
  n bigint;
begin
  delete from sessions where expires_at < engine_now() - interval '1 day';
  get diagnostics n = row_count; swept := swept + n;
  delete from operator_sessions where expires_at < engine_now() - interval '1 day';
  get diagnostics n = row_count; swept := swept + n;
  delete from refresh_tokens where used_at < engine_now() - interval '7 days';
  get diagnostics n = row_count; swept := swept + n;
  delete from registrations where expires_at < engine_now();
  get diagnostics n = row_count; swept := swept + n;
  delete from password_resets where expires_at < engine_now() - interval '30 days';
  get diagnostics n = row_count; swept := swept + n;
  delete from login_attempts where window_started_at < engine_now() - interval '1 day';
  get diagnostics n = row_count; swept := swept + n;
  delete from idempotency_keys where created_at < engine_now() - interval '2 days';
  get diagnostics n = row_count; swept := swept + n;
  return swept;
end $$;

-- Postgres grants execute on a new function to everybody.
do $$
declare
  f regprocedure;
begin
  for f in select p.oid::regprocedure from pg_proc p join pg_namespace n on n.oid = p.pronamespace
           where n.nspname = 'public' and p.prosecdef loop
    execute format('revoke execute on function %s from public', f);
  end loop;
end $$;

grant execute on function
  authenticate(uuid[], uuid[]), authenticate_api_keys(bytea[]), authenticate_operator(uuid),
  open_operator_session(uuid, uuid, text, bigint, float8), end_operator_session(uuid),
  login_lookup(text), operator_login_lookup(text), own_password_hash(), refresh_lookup(bytea),
  password_reset_lookup(bytea), registration_lookup(bytea), end_registration(uuid),
  invitation_lookup(bytea),
  count_attempts(bytea[], bytea[], interval), clear_login_attempts(bytea, bytea, bytea),
  end_former_access(uuid, bytea)
  to vigie_app;
grant execute on function
  create_password_reset(uuid, text, bytea, bytea, interval), password_reset_mail(uuid),
  create_registration(uuid, text, text, text, text, text, text, bytea, bytea, interval),
  registration_mail(uuid),
  sweep_identity()
  to vigie_engine;
