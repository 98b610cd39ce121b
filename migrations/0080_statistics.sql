-- The planner is told nothing of how a table's rows are shared out among companies. What it learns is wrong for the
-- company that matters: where the last ANALYZE saw only others, a newcomer's rows are taken for none, any index that
-- begins with company_id seems as good as the right one, and a file's merge reads the whole company for each line.
-- Without statistics it takes each company for a two-hundredth of the table, which no plan suffers from.
create or replace function secure_company_table(t regclass) returns void
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

do $$
declare
  t regclass;
begin
  for t in
    select polrelid::regclass from pg_policy
    join pg_attribute on attrelid = polrelid and attname = 'company_id'
    where polname = 'company_rows'
  loop
    execute format('alter table %s alter column company_id set statistics 0', t);
  end loop;
end $$;

alter table staging.sale_lines alter column import_id set statistics 0;
alter table staging.product_lines alter column import_id set statistics 0;
alter table staging.count_lines alter column import_id set statistics 0;

-- What was gathered before stays for ever otherwise. Only a superuser may: where the owner isn't one, run it by hand
-- on a database that had companies before this.
do $$
begin
  if current_setting('is_superuser') = 'on' then
    delete from pg_statistic using pg_attribute
    where starelid = attrelid and staattnum = attnum and attstattarget = 0;
  end if;
end $$;
