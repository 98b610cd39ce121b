-- Roles, the clock, and the two functions that secure every table.
--
-- Three roles. The role that runs the migrations owns the tables. Handlers and job bodies run as
-- vigie_app, under row-level security. The job engine and the receipt of webhooks run as
-- vigie_engine, which reaches all companies through a policy per engine table rather than through
-- BYPASSRLS: this needs no superuser, and a table without that policy stays closed to it.

do $$
begin
  create role vigie_app nologin;
exception when duplicate_object or unique_violation then null;
end $$;

do $$
begin
  create role vigie_engine nologin;
exception when duplicate_object or unique_violation then null;
end $$;

do $$
begin
  if not pg_has_role(current_user, 'vigie_app', 'member') then
    execute format('grant vigie_app to %I', current_user);
  end if;
  if not pg_has_role(current_user, 'vigie_engine', 'member') then
    execute format('grant vigie_engine to %I', current_user);
  end if;
end $$;

revoke create on schema public from public;
grant usage on schema public to vigie_app, vigie_engine;

-- The company and the user of the transaction. Once a connection has set one, a later transaction
-- reads '' instead of null, hence nullif.
create function current_company_id() returns uuid
  language sql stable parallel safe
  return nullif(current_setting('app.company_id', true), '')::uuid;

create function current_user_id() returns uuid
  language sql stable parallel safe
  return nullif(current_setting('app.user_id', true), '')::uuid;

-- The request that led to the transaction, directly or by a job.
create function current_request_id() returns text
  language sql stable parallel safe
  return nullif(current_setting('app.request_id', true), '');

-- One row. Only tests change it.
create table engine_clock (
  single boolean primary key default true check (single),
  shift interval not null default '0'
);
insert into engine_clock default values;
grant select on engine_clock to vigie_app, vigie_engine;

-- The time of every business and engine statement. Write `(select engine_now())`, which is
-- evaluated once per statement; a bare call is evaluated for every row.
create function engine_now() returns timestamptz
  language sql stable
  return statement_timestamp() + (select shift from engine_clock);

-- Secures a company's table: a transaction of vigie_app sees and writes its company's rows only.
--
-- The planner keeps no statistics on company_id. They mislead it for a new company: where the last
-- ANALYZE saw only other companies, the planner expects no rows of the new one, any index that
-- begins with company_id looks as good as the right one, and the merge of a file reads the whole
-- company for each line. Without statistics the planner assumes 1/200 of the table per company.
create function secure_company_table(t regclass) returns void
  language plpgsql as $$
begin
  execute format('alter table %s enable row level security', t);
  execute format('alter table %s alter column company_id set statistics 0', t);
  execute format(
    'create policy company_rows on %s to vigie_app
       using (company_id = (select current_company_id()))
       with check (company_id = (select current_company_id()))', t);
  execute format('grant select, insert, update, delete on %s to vigie_app', t);
end $$;

-- Opens a table to the engine, across companies.
create function secure_engine_table(t regclass) returns void
  language plpgsql as $$
begin
  execute format('alter table %s enable row level security', t);
  execute format(
    'create policy engine_rows on %s to vigie_engine using (true) with check (true)', t);
  execute format('grant select, insert, update, delete on %s to vigie_engine', t);
end $$;
