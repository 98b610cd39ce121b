-- Refused rows keep their place among the lines of one identity, so that the errors file of an import, corrected
-- and sent again, adds what is missing and changes no other line.
alter table import_errors add column key bytea check (length(key) = 16);
alter table import_errors add column occurrence bigint;
comment on column import_errors.key is 'The identity of the line, where it can be read; without its occurrence.';
comment on column import_errors.occurrence is 'Which line of this identity the row is, in the order of its file.';

alter table staging.sale_lines add column fresh boolean not null default false;
comment on column staging.sale_lines.fresh is
  'A row of an errors file that no longer says which line of its identity it is: it may add a line, not change one.';

-- What an import had committed when it was cancelled or given up moves levels and netting like anything else.
alter table imports add column settled_at timestamptz;
comment on column imports.settled_at is
  'Of an import that ended before its time: when levels and netting took in what it had committed.';

-- Imports whose job is over while something is left to do: they are open (the job was cancelled as it waited, parked,
-- or gone at its last try), or what they committed isn't taken in.
create function abandoned_imports() returns table (company_id uuid, id uuid)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    select i.company_id, i.id from imports i
    where (i.state in ('received', 'checking', 'loading')
           or (i.state in ('failed', 'cancelled') and i.merged_through > 0 and i.settled_at is null))
      and i.job_id is not null
      and not exists (select from jobs_open r where r.id = i.job_id);
  end;
revoke execute on function abandoned_imports() from public;
grant execute on function abandoned_imports() to vigie_engine;

-- The key of a request that makes a company is taken before the company is there, in the same transaction.
alter table idempotency_keys alter constraint idempotency_keys_company_id_fkey deferrable initially deferred;
