# What is wrong with a row. The column and the value stand beside the text.
absurd_quantity = is more than a hundred times the usual quantity, which is { $usual }; correct it, or set options.absurd_quantities to warn
ambiguous_code = differs only by leading zeros from { $codes }, which are several products; write the code as the catalog does, or set options.leading_zeros to distinct
amount_too_large = the amount is too large
behind_open_quote = may belong to the cell whose quote opens on line { $line }; correct that line and send this one with it
below_minimum = is below the least stock; the most has to be higher
contradictory_weekday = names another day of the week than its date; correct one of them
contradictory_type = is negative although the type says sale; correct one of them
damaged_code_date = is a date that the spreadsheet made of a code; format the column as text and enter the code again
damaged_code_format = is a number whose format shows something else; format the column as text and enter the code as it is shown
damaged_code_number = is a number of more than 15 digits, whose end the spreadsheet has lost; format the column as text and enter the code again
damaged_code_rounded = is a rounded number that the spreadsheet made of a code; format the column as text and enter the code in full
damaged_code_time = is a time that the spreadsheet made of a code; format the column as text and enter the code again
damaged_code_truth = is a truth value that the spreadsheet made of a code; format the column as text and enter the code again
discount_not_a_share = must be from 0 to 100 percent
discount_too_large = is larger than the amount
formula_error = is the error of a formula; correct it in the spreadsheet
formula_uncomputed = is a formula without a result; open the file in a spreadsheet program and save it again
future_date = is in the future; correct it, or set options.future_dates to warn
invalid_encoding = the row isn't valid in the file's encoding; save the file as UTF-8
merged_cell = belongs to a cell that is merged over several rows, and counts for the first of them alone; unmerge it and fill in each row
missing_code = the product's code is missing
missing_date = a date is missing
missing_money = a price or an amount is missing
missing_number = a number is missing
negative = can't be negative
negative_price = is negative; for a refund, the type or the quantity says so
no_visible_character = holds invisible characters alone
not_a_date = isn't a day of the calendar as { $format }
not_a_number = isn't a number with a decimal { $mark ->
    [comma] comma
   *[point] point
}
not_a_number_cell = is a date or a truth value; format the cell as a number
not_a_time = isn't a time of day, as 18:30
not_a_truth_value = isn't yes or no
not_positive = must be more than zero
not_whole_days = is a whole number of days, up to { $most }
nul_byte = the row holds a NUL byte; export the file again
number_too_large = the number is too large
open_quote = line { $line } has a quote that doesn't close where its cell ends; close it, or write a quote that belongs to the text twice within a quoted cell
too_many_decimals = has more than { $most } decimals; round it
other_currency = isn't written in { $currency }; set options.currency, or import each currency on its own
positive_cancellation = is positive on a line that cancels, where it has to be negative
title_row = the row holds one cell where others hold more, as a title or a footer does; delete it, complete it, or set options.total_rows to keep
repeated_header = the row is the header again
repeated_row = the file holds this row of the errors file twice
too_long = is longer than { $most } characters
too_many_fields = the row has { $found } fields and the header { $expected }; is a field with a delimiter not in quotes?
too_old = is before the year 2000; correct the year
total_row = the row looks like a total or a footer; delete it, complete it, or set options.total_rows to keep
unknown_currency = isn't an ISO 4217 code
unknown_product = is no code of the catalog; create the product, or set options.unknown_products to create
unknown_site = is no site of the company; create it, map it in options.values, or set options.unknown_sites to create
unknown_status = isn't delivered, pending or cancelled; name its meaning in options.values
unknown_type = is neither a sale nor a return; name its meaning in options.values
zero_quantity = is zero, which is no sale

# Why a file as a whole is rejected.
all_rows_rejected = { $rows ->
    [one] the only row is wrong
   *[other] all of the { $rows } rows are wrong
}
columns_of_another_kind = the file looks like { $kind ->
    [sales] sales, because it has { $listed }: send it as the kind sales, or name "{ $column }" as the quantity in options.mapping if it is the stock that was counted
   *[other] another kind of file
}
days_not_whole = the file would replace whole days, and { $rows ->
    [one] one of its rows can't
   *[other] { $rows } of its rows can't
 } be read: correct them, or import it as further sales (add) or united with what is recorded (union)
empty_file = the file has no rows
empty_spreadsheet = the spreadsheet has no cells
file_damaged = the stored file isn't what was uploaded; send it again
file_is_empty = the file is empty
file_not_read = the file can't be read ({ $cause })
header_repeats_on = it stands again on line { $line }: the file holds several tables, export it as one table with a line for each sale
header_seems_on = line { $line } looks most like the header
import_failed = the import failed on our side; send the file again
import_job_ended = the work on the import was stopped; send the file again
looks_like_gzip = it looks like gzip: unpack it first
looks_like_old_excel = it looks like an old Excel file: save it as XLSX or CSV
looks_like_pdf = it looks like a PDF
map_columns = name columns in options.mapping
missing_column = no column holds { $missing }; the file has { $listed }
missing_header = the file has no header on line { $line }
name_the_encoding = the file may be written in one of { $encodings }: name its encoding in options.encoding
named_column_missing = no column is named "{ $title }"; the file has { $listed }
no_header_found = no header is found
no_rows = the file has a header and no rows
not_a_table = the file is neither CSV nor XLSX
one_column_only = the header is a single column, which hints at another delimiter
row_too_long = the row at line { $line } is longer than 1 MiB; is a quote left open?
rows_rejected = { $rows ->
    [one] 1 row is wrong
   *[other] { $rows } rows are wrong
} and the mode is all_or_nothing
spreadsheet_too_complex = the spreadsheet can't be read, because { $limit ->
    [cell] one of its cells holds more than 32,767 characters
    [depth] its elements are nested too deep
    [formats] it has more than 65,490 formats
    [merges] it has more than 65,536 merged cells
    [parts] it has more than 10,000 parts
    [relations] it has too many relations
    [sheets] it has more than 1,000 sheets
   *[texts] it has more than 2,000,000 different texts or 32 MiB of them
}; save the sheet as CSV
spreadsheet_too_large = a spreadsheet may have up to 50 MiB; save it as CSV
spreadsheet_unreadable = the file is neither CSV nor a readable XLSX ({ $cause }); save it again, or save it as CSV
too_many_columns = line { $line } has more than { $most } columns
too_many_errors = more than a million rows are wrong; is it the right file?
undecodable_file = the file can't be decoded; save it as UTF-8
unknown_encoding = the encoding named isn't known
unknown_file_currency = "{ $code }" is no ISO 4217 code
unknown_sheet = no sheet is named "{ $asked }"; the file has "{ $names }"
unknown_timezone = "{ $name }" is no IANA zone
unpacks_too_large = the spreadsheet unpacks to more than is allowed; save the sheet as CSV
unreadable_file = the file can't be read; save it again, or save it as CSV
utf_32 = UTF-32 isn't supported; save the file as UTF-8
value_out_of_range = a value of the file is beyond what can be stored

# Questions about a file.
ask_date_format_contradiction = the column "{ $column }" contradicts itself about the order of day, month and year: { $examples }; rows that your answer can't read are rejected
ask_date_format_undecided = the column "{ $column }" doesn't decide the order of day, month and year: { $examples }
ask_decimal_contradiction = the column "{ $column }" contradicts itself about the decimal mark: { $examples }; rows that your answer can't read are rejected
ask_decimal_undecided = the column "{ $column }" doesn't decide the decimal mark: { $examples }
ask_discounts = the column "{ $column }" holds no number above 1: { $examples }; are its numbers fractions, as 0.1 for ten percent?
ask_encoding_contradiction = the file contradicts itself about its encoding: { $readings }
ask_encoding_undecided = the file doesn't decide its encoding: { $readings }
ask_leading_zeros = codes of the column "{ $column }" differ from known ones only by leading zeros, which spreadsheets drop: { $examples }; are they the same products?
ask_mapping = the columns { $columns } may each hold the { $field }; which one does?
ask_repeated_counts = the product { $code } is counted on lines { $lines }; is its stock the sum of them, or the last one?
ask_same_day = other files hold sales of { $days } { $days ->
    [one] day
   *[other] days
 } of this one. On { $day } { $recorded } lines are recorded and the file has { $lines }, of which { $known } are recorded already. Is the file the whole day (replace), are its lines further sales (add), or is a line that both have one sale (union)?
ask_sheet = several sheets hold rows under the columns of this import: "{ $names }"; which one is to be read? To import several, send the file once for each
ask_typed_dates = the column "{ $column }" holds dates ({ $dates }) and texts ({ $texts }), as a spreadsheet makes them that is set to another country: it takes the day for the month up to the 12th, and leaves the other days as texts. Are the dates right as shown (as_shown), or are their day and month swapped (swapped)?
example = "{ $value }" (line { $line })
reading_of_line = line { $line } reads { $readings }
similar_codes = "{ $value }" (line { $line }) and "{ $known }"

# Rows that were accepted and should be looked at.
warn_absurd_quantities = more than a hundred times the product's usual quantity
warn_changed_lines = the line was recorded with other values, which it replaces
warn_damaged_codes = the code looks like what a spreadsheet makes of another one, as a date of 3-1 and 17.0 of 17; is it right?
warn_differing_amounts = the amount isn't price times quantity; the amount counts, the difference is the discount
warn_dropped_lines = equals an earlier line in every field and was dropped
warn_duplicate_lines = equals an earlier line in every field and was kept; options.duplicates can drop it
warn_future_dates = the date is in the future
warn_garbled_text = the text looks garbled; is the encoding right?
warn_lines_taken = the line lost its number in the errors file and found it taken; it was not imported again
warn_further_lines = the corrected row equals a sale that is recorded already, or was sent corrected otherwise before; it was added as a further sale. Take this import back if it is the same one
warn_hidden_rows = the row is hidden in the spreadsheet, perhaps by a filter, and was imported
warn_look_alike_code = the code looks like { $other }, which is another product: is it the same one?
warn_look_alike_codes = codes that look like those of other products
warn_missing_lines = a recorded line of the same document that the file leaves out; it stays
warn_moved_lines = the line was recorded on another day or at another site, and moves
warn_negative_prices = the price is negative
warn_repeated_product = the file names the product on line { $line } too, with other values; this row counts
warn_repeated_products = the file names the product on an earlier line too, with other values; the last row counts
warn_replaced_lines = a recorded sale of the days of this file that it lacks; it was cancelled
warn_returned_lines = the file cancels a sale of which units may have come back already; if the return of this product is its own, cancel the return too
warn_rounded_numbers = the number was computed with more decimals than are stored, and was rounded
warn_superseded_lines = a later line has the same id; the later one counts
warn_total_rows = the row is the total of those above and was left out
warn_typed_texts = a name is a date, a truth value or a number of another format in the spreadsheet; enter it as text if it should read otherwise
warn_unknown = should be looked at
warn_unmoved_lines = the stock was counted on the day of this sale, which has no time: the sale stands before the count and doesn't move the level. Count again, or send a file with times

# A file for which the server has no space.
no_space = the server has no space for files now, and nothing of this one was stored: send it again in an hour, and tell us if it is rejected again

# A file that has no place in its company's quota.
quota_bytes = your company's files may take up { $limit } MiB, and this one doesn't fit in what is left
quota_file_too_large = this file alone is larger than all files of your company may be, which is { $limit } MiB: split it into smaller files, and send them one after the other
quota_files = your company keeps { $limit ->
    [one] 1 file
   *[other] { $limit } files
}, the most that it may
quota_has_room = the files of imports that have ended are deleted in time: there is room for this one on { $day }
quota_open_imports = your company has { $limit ->
    [one] 1 import under way
   *[other] { $limit } imports under way
}, the most at once, uploads and previews included: wait until one ends, reply to the questions of those that wait for you, or cancel one
quota_uploads = your company is sending or previewing { $limit ->
    [one] 1 file
   *[other] { $limit } files
}, the most at once: send this one again when one of them has ended
quota_waits_for_imports = the files of imports that haven't ended take up room: cancel those that wait for you and that you don't need, which deletes their files
quota_waits_for_uploads = uploads or previews are under way: send this file again when they have ended

# A file that is more than its company's plan allows.
plan_products = { $limit ->
    [one] your plan includes one product
   *[other] your plan includes { $limit } products
  }: you have { $held }, and this file adds { $added }; archive products that you don't sell any more, leave them out of the file, or choose a larger plan
plan_rows = { $limit ->
    [one] your plan includes one imported row a month
   *[other] your plan includes { $limit } imported rows a month
  }: { $used } are used, and this file adds { $added }; leave rows out, send it from { $day } on, or choose a larger plan
