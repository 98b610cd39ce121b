-- What whoever holds the database does from the command line is written down too.
alter table audit_log drop constraint audit_log_actor_kind_check;
alter table audit_log add constraint audit_log_actor_kind_check
  check (actor_kind in ('user', 'api_key', 'operator', 'job', 'command_line')) not valid;
