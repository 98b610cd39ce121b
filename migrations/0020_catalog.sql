-- Catalog: products, where they are kept, and the facts that move them. The foreign keys of
-- `import_id` columns are in 0025_imports.sql, which creates `imports`. Sales have none (see
-- there). Every total can be rebuilt from facts; the only cache is stock_levels.
--
-- Codes and names are compared by keys (`sku_key`, `name_key`). The program alone computes them
-- (`compute_key` in domain/src/catalog/code_key.rs); statements compare bytes.

create table categories (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  name text not null check (name <> '' and length(name) <= 200),
  name_key text collate "C" not null check (name_key <> ''),
  archived_at timestamptz,
  import_id uuid,
  version integer not null default 1,
  created_at timestamptz not null default engine_now(),
  updated_at timestamptz not null default engine_now(),
  unique (company_id, id),
  unique (company_id, name_key)
);
select secure_company_table('categories');

create table suppliers (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  name text not null check (name <> '' and length(name) <= 200),
  name_key text collate "C" not null check (name_key <> ''),
  email text,
  phone text,
  -- Days from order to delivery, for products without a lead time of their own.
  lead_time_days integer check (lead_time_days between 0 and 730),
  archived_at timestamptz,
  import_id uuid,
  version integer not null default 1,
  created_at timestamptz not null default engine_now(),
  updated_at timestamptz not null default engine_now(),
  unique (company_id, id),
  unique (company_id, name_key)
);
select secure_company_table('suppliers');

-- A shop or a warehouse; an optional dimension of stock.
create table sites (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  name text not null check (name <> '' and length(name) <= 200),
  name_key text collate "C" not null check (name_key <> ''),
  kind text not null default 'shop' check (kind in ('shop', 'warehouse')),
  archived_at timestamptz,
  import_id uuid,
  version integer not null default 1,
  created_at timestamptz not null default engine_now(),
  updated_at timestamptz not null default engine_now(),
  unique (company_id, id),
  unique (company_id, name_key)
);
select secure_company_table('sites');

create table customers (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  -- The customer's number in the company's own books; sales files name customers by it.
  external_ref text check (external_ref <> '' and length(external_ref) <= 200),
  name text,
  phone text,
  email text,
  country text,
  archived_at timestamptz,
  version integer not null default 1,
  source text not null default 'api' check (source in ('api', 'import', 'demo')),
  import_id uuid,
  created_at timestamptz not null default engine_now(),
  updated_at timestamptz not null default engine_now(),
  unique (company_id, id),
  unique (company_id, external_ref)
);
select secure_company_table('customers');

create table products (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  -- As it was first written.
  sku text not null check (length(sku) <= 100),
  sku_key text collate "C" not null check (sku_key <> ''),
  name text not null check (length(name) <= 500),
  category_id uuid,
  supplier_id uuid,
  unit text not null default 'unit' check (length(unit) between 1 and 20),
  purchase_price numeric(20, 6) check (purchase_price >= 0),
  sale_price numeric(20, 6) check (sale_price >= 0),
  -- Currency of both prices; by default the company's at entry.
  currency text not null check (currency ~ '^[A-Z]{3}$'),
  barcode text check (length(barcode) <= 100),
  min_stock numeric(18, 3) check (min_stock >= 0),
  max_stock numeric(18, 3) check (max_stock >= 0),
  -- Null: the supplier's, else 7 days.
  lead_time_days integer check (lead_time_days between 0 and 730),
  minimum_order_quantity numeric(18, 3) check (minimum_order_quantity > 0),
  pack_multiple numeric(18, 3) check (pack_multiple > 0),
  active boolean not null default true,
  -- Created by an import from a sku alone. It sells and is watched, but is still to be completed.
  draft boolean not null default false,
  archived_at timestamptz,
  version integer not null default 1,
  source text not null default 'api' check (source in ('api', 'import', 'demo')),
  import_id uuid,
  created_at timestamptz not null default engine_now(),
  updated_at timestamptz not null default engine_now(),
  unique (company_id, id),
  unique (company_id, sku_key),
  foreign key (company_id, category_id) references categories (company_id, id),
  foreign key (company_id, supplier_id) references suppliers (company_id, id),
  check (min_stock is null or max_stock is null or min_stock <= max_stock)
);
create index products_category on products (company_id, category_id) where category_id is not null;
create index products_supplier on products (company_id, supplier_id) where supplier_id is not null;
select secure_company_table('products');

-- Facts about stock that are not sales. Never updated, never deleted.
create table stock_movements (
  company_id uuid not null,
  id uuid not null,
  at timestamptz not null,
  -- The day of `at` in the company's zone, fixed at entry.
  day date not null,
  product_id uuid not null,
  site_id uuid,
  -- The site, or the nil id for none. A column, because row-level security lets an index be used
  -- for no condition on a call of coalesce.
  place uuid not null
    generated always as (coalesce(site_id, '00000000-0000-0000-0000-000000000000')) stored,
  kind text not null check (kind in ('entry', 'exit', 'return', 'adjustment', 'count')),
  -- The change of the level: negative for an exit, positive for an entry or a return, either for an
  -- adjustment. For a count it is the level itself.
  quantity numeric(18, 3) not null,
  reference text check (length(reference) <= 200),
  reason text check (length(reason) <= 500),
  -- The 16-byte hash by which a repeated fact is deduplicated; null without an external id.
  key bytea check (length(key) = 16),
  source text not null default 'api' check (source in ('api', 'import', 'demo')),
  import_id uuid,
  created_at timestamptz not null default engine_now(),
  -- Who entered it, and by which request; of an import, null here and known of the import.
  created_by uuid default current_user_id(),
  request_id text default current_request_id(),
  primary key (company_id, id),
  unique (company_id, key),
  foreign key (company_id, product_id) references products (company_id, id),
  foreign key (company_id, site_id) references sites (company_id, id),
  check (case kind when 'exit' then quantity < 0 when 'adjustment' then quantity <> 0
                   when 'count' then true else quantity > 0 end)
);
create index stock_movements_day on stock_movements (company_id, day, id);
create index stock_movements_product on stock_movements (company_id, product_id, day, id);
create index stock_movements_returned on stock_movements (company_id, day) where kind = 'return';
-- The first count or entry of a product and site, and its latest count.
create index stock_movements_tracked on stock_movements (company_id, product_id, place, at, id)
  where kind in ('count', 'entry');
create index stock_movements_counted on stock_movements (company_id, product_id, place, at, id)
  where kind = 'count';
select secure_company_table('stock_movements');

-- The cache of levels, updated in the transaction that writes the facts. One row per product and
-- site (or no site) whose level is known. No row = unknown, which is neither zero nor rupture.
create table stock_levels (
  company_id uuid not null,
  product_id uuid not null,
  site_id uuid,
  -- Negative where more was sold than was counted.
  level numeric(20, 3) not null,
  -- The first count or entry.
  tracked_since timestamptz not null,
  -- The count, else the first entry, from which the level is computed. Its id is null where the
  -- stock without a site begins at zero because only sites are counted.
  anchored_at timestamptz not null,
  anchor_id uuid,
  counted boolean not null,
  updated_at timestamptz not null default engine_now(),
  unique nulls not distinct (company_id, product_id, site_id),
  foreign key (company_id, product_id) references products (company_id, id)
    on delete cascade,
  foreign key (company_id, site_id) references sites (company_id, id)
);
select secure_company_table('stock_levels');

-- One row per sale line. Imports merge hundreds of thousands of rows at once into this table, so
-- what each row costs was measured (decision 085). References are checked set by set, not by
-- foreign keys. Lists are read by day, latest first; there is no index on sold_at alone. The first
-- column of an index is what distinguishes most. company_id follows where statements have no other
-- way to prefer the index to that of days, whatever the statistics say.
create table sales (
  company_id uuid not null,
  id uuid not null,
  sold_at timestamptz not null,
  created_at timestamptz not null default engine_now(),
  -- The day of sold_at in the company's zone, fixed at entry.
  day date not null,
  product_id uuid not null,
  -- The line's identity across files and calls; null for a call without an external id.
  import_key bytea check (length(import_key) = 16),
  import_id uuid,
  customer_id uuid,
  site_id uuid,
  -- Positive for a sale, negative for a return or a cancellation. For an adjustment it is the
  -- change of stock.
  quantity numeric(18, 3) not null,
  -- The quantity in thousandths, whatever its sign. A column, because row-level security lets an
  -- index be used for no condition on a numeric.
  size bigint not null generated always as (abs(quantity) * 1000) stored,
  unit_price numeric(20, 6) not null,
  -- quantity * unit_price, rounded half up to the currency's exponent.
  amount numeric(20, 4) not null,
  -- The quantity that later cancellations and returns undo; demand is quantity - netted_quantity.
  netted_quantity numeric(18, 3) not null default 0,
  currency text not null,
  kind text not null default 'sale',
  status text not null default 'delivered',
  source text not null default 'api',
  -- The levels that the line moves: null = those counted before it, 'all' = any level, 'none' =
  -- none.
  stock_rule text,
  document text collate "C",
  external_id text,
  -- Of an imported line: only its day and its figures identify it.
  by_day boolean not null default false,
  due_at timestamptz,
  delivered_at timestamptz,
  cancelled_at timestamptz,
  -- Who entered it, and by which request; of an import, null here and known of the import.
  created_by uuid default current_user_id(),
  request_id text default current_request_id(),
  primary key (company_id, id),
  unique (company_id, import_key),
  check (kind in ('sale', 'return', 'cancellation', 'adjustment')),
  check (status in ('delivered', 'pending', 'cancelled')),
  check (source in ('api', 'import', 'demo')),
  check (stock_rule in ('all', 'none'))
);
create index sales_day on sales (company_id, day, id);
create index sales_product_day on sales (product_id, company_id, day, id);
create index sales_customer_day on sales (customer_id, company_id, day, id)
  where customer_id is not null;
create index sales_document on sales (document, company_id, day, id) where document is not null;
-- Few lines: what isn't delivered, and what came back without a sale that explains it.
create index sales_undelivered on sales (company_id, status, day, id) where status <> 'delivered';
create index sales_returned on sales (product_id, day)
  where kind in ('return', 'cancellation') and netted_quantity = 0;
-- A stack of netting (see netting.sql) is what these two find: sales that nothing undoes, and lines
-- that undo or are undone.
create index sales_open on sales (customer_id, product_id, size, sold_at)
  where kind = 'sale' and status <> 'cancelled' and netted_quantity = 0 and customer_id is not null;
create index sales_netted on sales (customer_id, product_id, size, sold_at)
  where (kind in ('cancellation', 'return') or netted_quantity <> 0) and customer_id is not null;
-- Few lines are 'all'. The statement on levels must find them without a product's whole history.
create index sales_stock_all on sales (product_id) where stock_rule = 'all';
select secure_company_table('sales');

-- Whether anything of a sale's product came back since its day, other than by a line that netting
-- explains. Each look-up reads one entry of an index.
create function has_unexplained_return(s sales) returns boolean
  language sql stable
  return (
      select r.id from sales r
      where r.company_id = s.company_id and r.product_id = s.product_id and r.day >= s.day
        and r.kind in ('return', 'cancellation') and r.netted_quantity = 0
        and r.status <> 'cancelled'
      limit 1) is not null
    or (
      select m.id from stock_movements m
      where m.company_id = s.company_id and m.product_id = s.product_id and m.day >= s.day
        and m.kind = 'return'
      limit 1) is not null;

-- What a foreign key does, once for each statement: locks what the written sales name against
-- deletion, and requires that it exists in their company. The plan is kept for the session and must
-- look rows up one by one, whatever the first statement wrote.
create function require_what_sales_name() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  missing text;
begin
  with named as materialized (
    select w.company_id, w.product_id as id from written w group by 1, 2
  ), held as materialized (
    select from named n cross join lateral (
      select from products r where r.company_id = n.company_id and r.id = n.id for key share) r
  )
  select 'product' into missing
  where (select count(*) from named) <> (select count(*) from held);
  if missing is null then
    with named as materialized (
      select w.company_id, w.customer_id as id from written w
      where w.customer_id is not null group by 1, 2
    ), held as materialized (
      select from named n cross join lateral (
        select from customers r where r.company_id = n.company_id and r.id = n.id for key share) r
    )
    select 'customer' into missing
    where (select count(*) from named) <> (select count(*) from held);
  end if;
  if missing is null then
    with named as materialized (
      select w.company_id, w.site_id as id from written w
      where w.site_id is not null group by 1, 2
    ), held as materialized (
      select from named n cross join lateral (
        select from sites r where r.company_id = n.company_id and r.id = n.id for key share) r
    )
    select 'site' into missing
    where (select count(*) from named) <> (select count(*) from held);
  end if;
  if missing is not null then
    raise foreign_key_violation
      using message = format('a sale names no %s of its company', missing);
  end if;
  return null;
end $$;
create trigger require_references after insert on sales
  referencing new table as written
  for each statement execute function require_what_sales_name();
create trigger require_references_again after update on sales
  referencing new table as written
  for each statement execute function require_what_sales_name();

-- Refuses to delete what a sale names by the column of the argument.
create function keep_what_sales_name() returns trigger
  language plpgsql set search_path = pg_catalog, public, pg_temp as $$
declare
  is_named boolean;
begin
  -- `offset 0` looks each row up, whatever the statistics say.
  execute format(
    'select exists (
       select from deleted d where exists (
         select from sales s where s.company_id = d.company_id and s.%I = d.id offset 0))',
    tg_argv[0]) into is_named;
  if is_named then
    raise foreign_key_violation using message = format('sales name this by %s', tg_argv[0]);
  end if;
  return null;
end $$;
create trigger keep_sold after delete on products
  referencing old table as deleted
  for each statement execute function keep_what_sales_name('product_id');
create trigger keep_sold after delete on customers
  referencing old table as deleted
  for each statement execute function keep_what_sales_name('customer_id');
create trigger keep_sold after delete on sites
  referencing old table as deleted
  for each statement execute function keep_what_sales_name('site_id');

-- Calls that recorded several facts at once, so that one can be taken back. Its facts are those
-- from first_id to last_id with the same time and request.
create table fact_batches (
  company_id uuid not null references companies (id),
  id uuid not null primary key,
  kind text not null check (kind in ('sales', 'movements')),
  facts bigint not null check (facts > 0),
  first_id uuid not null,
  last_id uuid not null,
  created_at timestamptz not null,
  created_by uuid default current_user_id(),
  request_id text default current_request_id(),
  reverted_at timestamptz,
  unique (company_id, id)
);
create index fact_batches_company on fact_batches (company_id, created_at desc, id desc);
select secure_company_table('fact_batches');
