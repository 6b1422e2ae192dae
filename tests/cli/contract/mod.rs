//! The interface that scripts rely on, line by line, and which test holds each line. Not here yet:
//! `--host`, and `why NAME`.
//!
//! | line of the contract | test |
//! |---|---|
//! | `-h`, `-V`, exit codes in `--help` | `help_names_every_option_and_every_exit_code` |
//! | | `version_is_one_line_with_the_programs_name` |
//! | `-v`, `RUST_LOG`: logs to stderr | |
//! | | `the_log_goes_to_standard_error_and_never_among_the_results` |
//! | options as in `ripgrep` | `of_an_option_that_is_given_again_the_last_counts` |
//! | a diagnostic is one line | `a_wrong_command_line_is_one_line_and_exit_code_2` |
//! | `--json`: nothing but objects | |
//! | | `json_is_all_there_is_on_standard_output_also_of_help_and_of_a_wrong_command_line` |
//! | | `one_shot_json_ends_with_done_and_writes_nothing_else_to_stdout` |
//! | `NO_COLOR`, `TERM=dumb`, no terminal | `nothing_is_coloured_on_a_pipe_or_when_told_not_to` |
//! | a broken pipe is a quiet success | `a_broken_pipe_is_a_quiet_success` |
//! | | `who_reads_no_more_ends_it_quietly_whatever_it_does` |
//! | | `an_output_that_is_closed_is_no_failure` |
//! | no question without a terminal | `what_is_missing_is_said_and_never_asked_for` |
//! | | `a_first_run_without_a_name_says_what_to_do` |
//! | foreign text is harmless, JSON exact | |
//! | | `what_another_wrote_is_harmless_in_plain_lines_and_exact_in_json` |
//! | | `nothing_from_others_reaches_the_terminal_as_it_is` |
//! | `HOBNOB_HOME`, `_SERVER`, `_NAME` | `environment_stands_in_for_options` |
//! | | `environment_stands_in_and_options_outweigh_it` |
//! | 0 to 6, each verb | `each_verb_ends_with_its_code_and_nothing_running` |
//! | | `each_verb_ends_with_its_code_by_a_running_program_which_quit_ends` |
//! | | `json_lines_end_with_the_code_that_argv_ends_with` |
//! | 3: the server, a peer | `without_its_server_each_verb_that_needs_it_is_exit_code_3` |
//! | | `a_server_that_never_answers_is_exit_code_3` |
//! | | `a_script_whose_server_is_not_there_is_exit_code_3` |
//! | | `somebody_known_who_is_away_cannot_be_called` |
//! | 4: disk, permissions, profile, address | `a_profile_that_cannot_be_written_is_exit_code_4` |
//! | | `a_database_that_is_none_is_exit_code_4_and_left_alone` |
//! | | `a_client_whose_disk_is_full_says_so_and_loses_nothing` |
//! | | `an_address_in_use_is_exit_code_4_of_the_client_too` |
//! | | `a_port_in_use_is_exit_code_4` |
//! | | `a_server_whose_data_cannot_be_written_is_exit_code_4` |
//! | 5: the server's key, a peer's key | |
//! | | `the_servers_changed_key_is_exit_code_5_for_each_verb_that_speaks_to_it` |
//! | | `a_wrong_server_key_is_exit_code_5` |
//! | | `a_friend_whose_key_changed_is_exit_code_5_with_and_without_a_running_program` |
//! | 6: time ran out, delivered later | |
//! | | `waiting_for_delivered_by_somebody_away_is_6_and_it_is_delivered_later` |
//! | | `a_running_program_that_has_lost_its_server_ends_verbs_with_3_and_keeps_messages` |
//! | | `a_wait_that_may_take_no_time_is_exit_code_6_at_once` |
//! | `hobnobd` options and defaults | `defaults_are_the_documented_ones` |
//! | | `the_server_keeps_to_its_pool_and_its_bounds` |
//! | | `profile_and_data_lie_in_the_xdg_data_directory_closed_to_others` |
//! | the ready line in both forms | `the_server_says_where_it_listens_and_with_which_key` |
//! | the operator's console | `the_operator_sees_kicks_and_forgets` |
//! | | `the_end_of_the_operators_input_changes_nothing_and_quit_ends_it` |
//! | SIGTERM, SIGINT | `sigterm_and_sigint_are_clean_ends` |
//! | `--home`, mode 0700 | `a_profile_is_its_owners_alone` |
//! | `--name`, 1 to 32, without case | `a_name_has_up_to_32_letters_and_is_compared_without_case` |
//! | `--server`, pinned, remembered | `a_server_that_changed_its_key_is_refused_until_trusted` |
//! | `--no-server`, `HOST:PORT` | `peers_talk_by_address_with_no_server_at_all` |
//! | `--listen` | `peers_reach_me_where_listen_says` |
//! | `--accept friends` | `a_friends_session_opens_without_asking` |
//! | `--accept all`, `none` | `accept_all_opens_without_asking_and_accept_none_always_asks` |
//! | `--wait`, a better state counts | |
//! | | `a_sending_verb_ends_at_the_state_it_waits_for_or_a_better_one` |
//! | `--timeout`, options behind the verb | |
//! | | `options_stand_before_the_verb_or_behind_it_but_never_inside_text` |
//! | a name, an address, a fingerprint | `lookup_finds_by_name_address_and_fingerprint` |
//! | | `friends_are_made_and_unmade_by_address_or_fingerprint` |
//! | | `people_talk_by_address_or_fingerprint` |
//! | | `friends_have_files_commands_and_groups_by_address_or_fingerprint` |
//! | | `wait_takes_an_address_or_a_fingerprint_for_a_name` |
//! | three ways to speak | `three_ways_in_mean_the_same` |
//! | | `slash_lines_work_beside_json_lines` |
//! | | `the_tables_of_verbs_and_options_are_the_programs_own` |
//! | `hobnob < script.txt`, its end | `a_script_file_as_input_is_played_to_its_end` |
//! | | `a_script_file_speaks_json_or_slashes` |
//! | | `at_the_end_of_input_what_is_being_sent_is_waited_for` |
//! | | `a_directory_as_input_is_no_input_and_neither_program_minds` |
//! | | `an_input_that_is_dev_null_or_closed_is_at_its_end` |
//! | `hobnob listen` | `listen_needs_no_input_and_ends_on_sigterm` |
//! | a verb goes to the running program | `a_profile_in_use_is_exit_code_4_but_verbs_go_through` |
//! | | `fifty_verbs_at_once_all_end_well_and_each_message_comes_once` |
//! | spellings of older systems | `each_spelling_of_older_systems_is_understood_in_any_case` |
//! | `online`, `offline` | `offline_signs_out_and_online_signs_in_again` |
//! | | `offline_everything_waits_and_leaves_when_online` |
//! | `public`, `private` | `private_is_the_same_answer_as_no_such_name` |
//! | | `public_again_is_found_again_and_private_is_kept_over_restarts` |
//! | | `what_a_private_person_writes_to_a_stranger_waits_until_public` |
//! | `who PREFIX` | `who_lists_those_who_are_online_by_prefix` |
//! | `whoami` | `whoami_agrees_with_the_ready_line` |
//! | `update` | `update_shows_the_state_of_those_whom_one_knows` |
//! | `add` to `unfriend` | `who_is_added_and_confirms_is_a_friend_on_both_sides` |
//! | | `who_is_added_while_away_is_asked_when_back_and_the_answer_waits_too` |
//! | | `unfriend_ends_it_on_both_sides` |
//! | `block`, `unblock`, `blocks` | `a_blocked_friend_gets_nothing_through_and_is_not_told` |
//! | `verify`, `trust` | `both_sides_verify_the_same_number` |
//! | | `a_friends_changed_key_is_loud_and_nothing_goes_there_until_trusted` |
//! | `chat`, `accept`, `decline` | `a_session_is_asked_for_and_accepted` |
//! | | `a_session_is_declined_and_the_asker_told` |
//! | `close`, `sessions` | `both_sides_see_a_session_close` |
//! | `msg` to several, once each | `several_sessions_carry_each_its_own` |
//! | `outbox`, `drop` | `a_queued_message_can_be_given_up` |
//! | `history` | `history_tells_it_to_both_sides_also_later` |
//! | `search` | `words_are_found_newest_first_whatever_their_case` |
//! | `group` | `a_public_group_is_listed_joined_and_talked_in` |
//! | | `a_private_group_is_not_listed_and_its_leader_decides` |
//! | | `who_is_invited_is_in_with_a_yes` |
//! | | `who_is_kicked_gets_nothing_more_and_says_nothing_more` |
//! | `post` | `a_friend_lists_and_fetches_what_is_posted` |
//! | `send` to `cancel` | `a_file_is_offered_taken_and_there_with_each_field_of_the_contract` |
//! | | `either_side_says_no_and_the_other_is_told` |
//! | `voice` | `a_voice_message_comes_unasked_from_a_friend_with_its_length_and_words` |
//! | `run`, `allow`, `deny` | |
//! | | `a_command_is_asked_for_allowed_and_answered_with_each_field_of_the_contract` |
//! | `grant`, `grants`, `revoke` | `a_grant_is_for_one_friend_and_exactly_these_words` |
//! | `events --since N --follow` | |
//! | | `a_reader_that_goes_on_where_it_stopped_misses_nothing_and_reads_nothing_twice` |
//! | | `a_follower_without_a_running_program_is_the_client_itself_and_goes_on_after_kill_9` |
//! | `wait` | `wait_ends_with_the_first_event_from_now_on_that_fits_in_all_and_prints_it` |
//! | | `wait_takes_each_kind_of_event` |
//! | `quit` | `quit_with_nothing_running_is_done_at_once_and_needs_no_server` |
//! | plain lines | `plain_lines_are_the_contracts_letter_by_letter` |
//! | | `a_moment_stands_before_plain_lines_only_with_time` |
//! | `at`, `seq` without a gap | `events_have_no_gap_over_mail_friends_and_crashes` |
//! | `ready`, `online`, `offline` | `ready_online_and_offline_say_who_and_where` |
//! | `presence`, `request`, `friend` | `presence_and_friendship_have_their_fields_in_each_state` |
//! | `session` | `a_session_has_its_fields_in_each_state` |
//! | `message`, `receipt` | `a_message_and_its_receipts_have_their_fields_in_each_state` |
//! | `group` | `a_group_has_its_fields_in_each_state` |
//! | `file` | `files_have_the_contracts_fields` |
//! | `post`, `voice` | `posts_and_voice_have_the_contracts_fields` |
//! | `run` | `commands_have_the_contracts_fields` |
//! | `identity` | `an_identity_that_changed_has_its_fields` |
//! | `done`, `ref`, `code`, `error` | `a_ref_is_any_json_and_comes_back_as_it_was` |
//! | | `a_json_line_that_is_no_request_is_answered_with_code_2_and_its_ref` |
//! | rows, then `done` | `the_rows_of_lists_are_named_after_what_they_are_and_then_comes_done` |
//! | | `grants_and_posts_are_rows_with_ids` |

mod events;
mod exits;
mod lines;
mod options;
mod scripts;
mod verbs;
