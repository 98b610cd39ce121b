-- Apart from the file before, whose lock would keep everybody from writing meanwhile.
alter table audit_log validate constraint audit_log_actor_kind_check;
