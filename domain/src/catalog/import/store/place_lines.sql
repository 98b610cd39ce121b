-- Assigns staged lines places of their identity that no sale of another file holds: rows of an
-- error file that have lost their number, and with $3 the lines that only their day identifies. A
-- place is a key with its occurrence. Returns the corrected rows that found equal sales before
-- theirs, or were corrected to another identity before.
with recursive wanted as materialized (
  select l.key, l.line, l.corrects, l.corrects_line,
    -- The place of the same row in an earlier correction, where it has kept it.
    (select c.place from import_corrections c
     left join sales s on s.company_id = $1 and s.import_key = c.place
     join imports i on i.company_id = $1 and i.id = c.import_id
     where c.company_id = $1 and c.origin = l.corrects and c.line = l.corrects_line
       and c.key = l.key
       and (s.id is null or s.import_id = c.import_id or i.state = 'succeeded')
     offset 0) as place,
    exists (
      select from import_corrections c
      where c.company_id = $1 and c.origin = l.corrects and c.line = l.corrects_line
        and c.key <> l.key offset 0) as was_other
  from staging.sale_lines l
  where l.import_id = $2 and l.line > 0 and l.corrects is not null
  union all
  select key, line, null, null, null, false
  from staging.sale_lines
  where import_id = $2 and line > 0 and by_day and $3
),
ranked as (
  select *, row_number() over (partition by key order by line) as rank
  from wanted where place is null
),
-- held: the places that other lines of the file hold.
held as materialized (
  select place as key from wanted where place is not null
  union all
  select key from staging.sale_lines
  where import_id = $2 and line > 0 and corrects is null
    and exists (select from wanted where corrects is not null)
),
-- repeated: imports of the same file, whose further lines these are.
repeated as (
  select o.id from imports o
  join imports i on i.company_id = $1 and i.id = $2
  where $3 and o.company_id = $1 and o.file_sha256 = i.file_sha256
),
places as (
  select key, count(*) as lines, 0::bigint as occurrence, 0::bigint as free, false as is_free,
    null::bytea as place
  from ranked group by key
  union all
  select p.key, p.lines, p.occurrence + 1, p.free + t.is_free::integer, t.is_free, n.place
  from places p
  cross join lateral (
    -- As `FactKey::of_occurrence` does.
    select case when p.occurrence = 0 then p.key
      else substring(p.key for 4) || substring(sha256(p.key || int8send(p.occurrence + 1)) for 12)
      end as place
  ) n
  cross join lateral (
    select n.place not in (select key from held) and not exists (
      select from sales k
      where k.company_id = $1 and k.import_key = n.place
        and k.import_id not in (select id from repeated)
      offset 0) as is_free
  ) t
  where p.free < p.lines
),
found as (
  select line, corrects, corrects_line, key, place, false as is_further
  from wanted where place is not null
  union all
  select r.line, r.corrects, r.corrects_line, r.key, p.place,
    r.corrects is not null and (p.occurrence > r.rank or r.was_other)
  from ranked r
  join places p on p.key = r.key and p.is_free and p.free = r.rank
),
recorded as (
  insert into import_corrections (company_id, origin, line, import_id, key, place)
  select $1, corrects, corrects_line, $2, key, place from found where corrects is not null
  on conflict (company_id, origin, line, key) do update
    set import_id = excluded.import_id, place = excluded.place
    where import_corrections.place <> excluded.place
),
placed as (
  update staging.sale_lines l set key = f.place, lost_occurrence = false
  from found f
  where l.import_id = $2 and l.line = f.line
  returning l.line, f.is_further
)
select line as "line!" from placed where is_further order by line
