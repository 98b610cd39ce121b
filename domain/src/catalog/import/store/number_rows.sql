-- Numbers the lines of each key by their order in the file. $3: whether duplicates are dropped.
-- $5: whether lines that only their day identifies are further lines, which are placed later.
--
-- rejected: rejected rows count too, so that a row keeps its number once it is corrected.
with rejected as (
  select e.line, e.key from import_issues e
  where e.company_id = $2 and e.import_id = $1 and e.key is not null and e.occurrence is null
),
-- repeated: the lines of every key that may occur more than once, and which of them equal an
-- earlier line in every field. Lines with the caller's own id are never duplicates.
repeated as (
  select d.line, d.key, d.external_id is not null as has_own_id,
    d.external_id is null and row_number() over (
      partition by d.key, d.quantity, d.unit_price, d.sold_at, d.customer order by d.line
    ) > 1 as is_duplicate
  from staging.sale_lines d
  where d.import_id = $1 and d.corrects is null
    and d.key in (
      select r.key from staging.sale_lines r where r.import_id = $1 and r.may_repeat
      union all select key from rejected)
),
numbered as (
  select n.*, row_number() over (partition by n.key order by n.line) as occurrence,
    count(*) over (partition by n.key) as occurrences
  from (
    select line, key, has_own_id, false as is_rejected from repeated
    where not (is_duplicate and $3)
    union all select line, key, false, true from rejected
  ) n
),
-- superseded: of lines with the caller's own id the last remains. A negative line is beyond every
-- range of the merge, and may still carry the name of a product to create.
superseded as (
  update staging.sale_lines l set line = -l.line
  from numbered n
  where l.import_id = $1 and l.line = n.line and n.has_own_id and n.occurrence < n.occurrences
  returning n.line
),
dropped as (
  update staging.sale_lines l set line = -l.line
  from repeated r
  where l.import_id = $1 and l.line = r.line and r.is_duplicate and $3
  returning r.line
),
-- keyed: the key of a later occurrence, computed as `FactKey::of_occurrence` does.
keyed as (
  update staging.sale_lines l
  set key = substring(n.key for 4) || substring(sha256(n.key || int8send(n.occurrence)) for 12)
  from numbered n
  where l.import_id = $1 and l.line = n.line and not n.has_own_id and not n.is_rejected
    and n.occurrence > 1 and not (l.by_day and $5)
),
-- placed: the error file will hold the number.
placed as (
  update import_issues e set occurrence = n.occurrence
  from numbered n
  where e.company_id = $2 and e.import_id = $1 and e.line = n.line and n.is_rejected
)
-- The first $4 lines of each, and how many they are.
select (select count(*) from superseded) as "superseded!",
  array(select line from superseded order by line limit $4) as "superseded_lines!",
  (select count(*) from dropped) as "dropped!",
  array(select line from dropped order by line limit $4) as "dropped_lines!",
  (select count(*) from repeated where is_duplicate and not $3) as "duplicates!",
  array(select line from repeated where is_duplicate and not $3 order by line limit $4)
    as "duplicate_lines!"
