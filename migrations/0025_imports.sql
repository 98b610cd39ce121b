-- Imports: files on their way into the catalog, their row errors, and the staging schema.

create table imports (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  kind text not null check (kind in ('sales', 'products', 'stock_counts')),
  state text not null default 'received'
    check (state in ('received', 'checking', 'needs_input', 'loading', 'succeeded', 'failed',
                     'cancelled', 'reverted')),
  -- The job that works on it; a new one after each resume.
  job_id uuid,
  file_name text not null check (length(file_name) <= 255),
  blob_key text not null,
  file_bytes bigint not null check (file_bytes >= 0),
  file_sha256 bytea not null check (length(file_sha256) = 32),
  options jsonb not null default '{}',
  -- How the file was found to be written, and what has to be asked.
  detected jsonb,
  questions jsonb not null default '[]',
  -- Lines of the file whose rows are staged and committed, and how many rows those were. Staging
  -- isn't logged: after a crash of the server it is empty, and fewer rows mean: stage again.
  staged_through bigint not null default 0,
  staged_rows bigint not null default 0,
  -- Set once the whole file is staged and its repeated rows are numbered.
  staged_at timestamptz,
  -- When the staged lines got their places among what other files hold, where they need any.
  placed_at timestamptz,
  -- When the limits of the company's plan admitted its rows, how many rows they may add, and how
  -- many products they create and haven't.
  admitted_at timestamptz,
  admitted_rows bigint not null default 0,
  pending_products bigint not null default 0,
  -- Lines whose rows are in the catalog.
  merged_through bigint not null default 0,
  rows_total bigint not null default 0,
  rows_imported bigint not null default 0,
  rows_updated bigint not null default 0,
  rows_unchanged bigint not null default 0,
  rows_rejected bigint not null default 0,
  rows_ignored bigint not null default 0,
  -- What the file held and created besides: `ImportTotals`.
  totals jsonb not null default '{}',
  warnings jsonb not null default '[]',
  -- Why it failed: a stable code and words.
  error_code text,
  error_message text,
  -- The earlier import that this one repeats byte for byte.
  repeats_id uuid,
  created_by uuid,
  request_id text default current_request_id(),
  created_at timestamptz not null default engine_now(),
  started_at timestamptz,
  finished_at timestamptz,
  -- Of a cancelled or failed import: when levels and netting included the rows it had committed.
  settled_at timestamptz,
  reverted_at timestamptz,
  unique (company_id, id),
  foreign key (company_id, repeats_id) references imports (company_id, id)
);
create index imports_company on imports (company_id, created_at desc, id desc);
create index imports_admitted on imports (company_id, admitted_at) where admitted_at is not null;
create index imports_open on imports (company_id)
  where state in ('received', 'checking', 'needs_input', 'loading');
create index imports_repeated on imports (company_id, kind, finished_at desc)
  where state = 'succeeded';
-- For abandoned_imports: few rows, however many imports have ended.
create index imports_unsettled on imports (id)
  where state in ('received', 'checking', 'loading')
    or (state in ('failed', 'cancelled') and merged_through > 0 and settled_at is null);
select secure_company_table('imports');

-- The files that a company keeps or is sending, those of previews included: what its quota counts.
create table import_files (
  company_id uuid not null references companies (id),
  -- That of the import, if one comes of it.
  id uuid not null primary key,
  -- What the request announces, then the length of the file.
  bytes bigint not null check (bytes >= 0),
  -- Until when an upload that is under way holds its place; null once its import exists.
  reserved_until timestamptz,
  unique (company_id, id)
);
select secure_company_table('import_files');

-- What is to be said about rows of the file: every rejected row, as it stands in the file, so that
-- it can be corrected and sent again, and accepted rows that somebody should look at (of each
-- warning the first ones; imports.warnings counts all).
create table import_issues (
  company_id uuid not null,
  import_id uuid not null,
  line bigint not null,
  -- error: the row is rejected.
  severity text not null check (severity in ('error', 'warning')),
  -- A list of {column, value, code, reason}; column is the header of the column at fault, null
  -- where the row as a whole is.
  issues jsonb not null,
  -- A list of texts; empty where only the line is known.
  fields jsonb not null,
  -- The identity of the line, where it can be read, and which line of this identity the row is, in
  -- the order of its file: the corrected error file adds what is missing and changes no other line.
  key bytea check (length(key) = 16),
  occurrence bigint,
  -- Where the row comes from an error file: the import that rejected it first, and its line there.
  origin uuid,
  origin_line bigint,
  primary key (company_id, import_id, line),
  foreign key (company_id, import_id) references imports (company_id, id)
);
select secure_company_table('import_issues');

-- The places of corrected rows that came without a number: the same row keeps its place when its
-- error file is sent again.
create table import_corrections (
  company_id uuid not null,
  -- The import that rejected the row first, and its line there.
  origin uuid not null,
  line bigint not null,
  -- The import that added it.
  import_id uuid not null,
  -- The identity of the line, and its key with its occurrence.
  key bytea not null check (length(key) = 16),
  place bytea not null check (length(place) = 16),
  primary key (company_id, origin, line, key),
  foreign key (company_id, origin) references imports (company_id, id),
  foreign key (company_id, import_id) references imports (company_id, id)
);
create index import_corrections_import on import_corrections (company_id, import_id);
select secure_company_table('import_corrections');

-- A sale as `import_changes` keeps it.
create function describe_sale(s sales) returns jsonb
  language sql stable
  return jsonb_build_object(
    'product_id', s.product_id, 'customer_id', s.customer_id, 'site_id', s.site_id,
    'quantity', s.quantity, 'unit_price', s.unit_price, 'amount', s.amount,
    'currency', s.currency, 'sold_at', s.sold_at, 'day', s.day, 'kind', s.kind,
    'status', s.status, 'document', s.document, 'import_id', s.import_id);

-- What a row was before an import changed it.
create table import_changes (
  company_id uuid not null,
  import_id uuid not null,
  -- The sale or the product.
  row_id uuid not null,
  previous jsonb not null,
  primary key (company_id, import_id, row_id),
  foreign key (company_id, import_id) references imports (company_id, id)
);
select secure_company_table('import_changes');

alter table categories add foreign key (company_id, import_id) references imports (company_id, id);
alter table suppliers add foreign key (company_id, import_id) references imports (company_id, id);
alter table sites add foreign key (company_id, import_id) references imports (company_id, id);
alter table products add foreign key (company_id, import_id) references imports (company_id, id);
alter table customers add foreign key (company_id, import_id) references imports (company_id, id);
alter table stock_movements
  add foreign key (company_id, import_id) references imports (company_id, id);
-- sales.import_id has none: it would cost as much as the product's and the customer's together for
-- every line of a file, only to find the same row each time; imports are never deleted.

-- Rows on their way, behind row-level security like a company's other rows. COPY can't write under
-- it, so each table has one partition without, `.._in`. There vigie_app may only insert, and only
-- into the columns other than company_id, which is always the transaction's company. Statements
-- that name the table reach the partition's rows under the table's policy. Not logged: what a crash
-- of the server empties is staged again from the file.
create schema staging;
grant usage on schema staging to vigie_app;

create table staging.sale_lines (
  company_id uuid not null default current_company_id(),
  import_id uuid not null,
  line bigint not null,
  -- Becomes the sale's id.
  id uuid not null,
  key bytea not null,
  -- The key may have come before in the file.
  may_repeat boolean not null,
  sku_key text collate "C" not null,
  -- Code and name only on the first rows of a code, from which an unknown product is made; the name
  -- is '' where the file has none.
  sku text,
  name text,
  document text,
  external_id text,
  customer text,
  -- As name, for an unknown customer.
  customer_name text,
  country text,
  site_key text collate "C",
  -- Only where an unknown site is created.
  site text,
  kind text not null,
  -- Null: as it is, else delivered.
  status text,
  quantity numeric(18, 3) not null,
  unit_price numeric(20, 6) not null,
  amount numeric(20, 4) not null,
  currency text not null,
  sold_at timestamptz not null,
  day date not null,
  -- A row of an error file without its occurrence: it may add a line, not change one.
  lost_occurrence boolean not null default false,
  -- The import that rejected such a row, and its line there.
  corrects uuid,
  corrects_line bigint,
  -- Only day and figures identify the line.
  by_day boolean not null
) partition by list (company_id);
create unlogged table staging.sale_lines_in partition of staging.sale_lines default;
create index on staging.sale_lines (import_id, line);
create index on staging.sale_lines (import_id) where may_repeat;
-- What is placed by what is recorded.
create index on staging.sale_lines (import_id) where by_day;
create index on staging.sale_lines (import_id) where corrects is not null;

create table staging.product_lines (
  company_id uuid not null default current_company_id(),
  import_id uuid not null,
  line bigint not null,
  id uuid not null,
  sku_key text collate "C" not null,
  sku text not null,
  name text,
  category_key text collate "C",
  category text,
  supplier_key text collate "C",
  supplier text,
  unit text,
  barcode text,
  currency text not null,
  purchase_price numeric(20, 6),
  sale_price numeric(20, 6),
  min_stock numeric(18, 3),
  max_stock numeric(18, 3),
  minimum_order_quantity numeric(18, 3),
  pack_multiple numeric(18, 3),
  lead_time_days integer,
  active boolean
) partition by list (company_id);
create unlogged table staging.product_lines_in partition of staging.product_lines default;
create index on staging.product_lines (import_id, line);

create table staging.count_lines (
  company_id uuid not null default current_company_id(),
  import_id uuid not null,
  line bigint not null,
  id uuid not null,
  key bytea not null,
  sku_key text collate "C" not null,
  -- These three as in sale_lines.
  sku text,
  name text,
  site_key text collate "C",
  site text,
  quantity numeric(18, 3) not null,
  at timestamptz not null
) partition by list (company_id);
create unlogged table staging.count_lines_in partition of staging.count_lines default;
create index on staging.count_lines (import_id, line);

-- The planner halves its estimate for the policy. For a plain equality it would divide by 200,
-- after it has divided by 200 for the import, and would look up what it has to hash.
create function staging.secure_table(t regclass, filled regclass) returns void
  language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  filled_columns text;
begin
  select string_agg(quote_ident(a.attname), ', ') into filled_columns
    from pg_attribute a
    where a.attrelid = filled and a.attnum > 0 and not a.attisdropped
      and a.attname <> 'company_id';
  execute format('alter table %s alter column company_id set statistics 0', t);
  execute format('alter table %s alter column import_id set statistics 0', t);
  execute format('alter table %s enable row level security', t);
  execute format(
    'create policy company_rows on %s to vigie_app
       using (coalesce(company_id = (select current_company_id()), false))
       with check (company_id = (select current_company_id()))', t);
  execute format('grant select, update, delete on %s to vigie_app', t);
  execute format('grant insert (%s) on %s to vigie_app', filled_columns, filled);
end $$;
revoke execute on function staging.secure_table(regclass, regclass) from public;
select staging.secure_table('staging.sale_lines', 'staging.sale_lines_in');
select staging.secure_table('staging.product_lines', 'staging.product_lines_in');
select staging.secure_table('staging.count_lines', 'staging.count_lines_in');

-- Imports whose job has ended although work remains: the import is open (its job was cancelled
-- while it waited, parked, or lost at its last attempt), or levels and netting do not include what
-- it committed. A page reads its own rows: a scalar subquery is never joined as a whole.
create function abandoned_imports(after uuid, max_rows bigint)
  returns table (company_id uuid, id uuid)
  language sql stable security definer set search_path = pg_catalog, public, pg_temp
  begin atomic
    select i.company_id, i.id from imports i
    where (i.state in ('received', 'checking', 'loading')
           or (i.state in ('failed', 'cancelled') and i.merged_through > 0
               and i.settled_at is null))
      and i.job_id is not null
      and (select o.id from jobs_open o where o.id = i.job_id) is null
      and i.id > coalesce(after, '00000000-0000-0000-0000-000000000000')
    order by i.id
    limit max_rows;
  end;
revoke execute on function abandoned_imports(uuid, bigint) from public;
grant execute on function abandoned_imports(uuid, bigint) to vigie_engine;
