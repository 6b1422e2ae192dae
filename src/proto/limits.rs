//! Every bound of the program, each with its reason. What happens at a bound stands where it is
//! met.

/// The longest text of one message. The contract's 64 KiB.
pub const TEXT_MAX_BYTES: usize = 64 * 1024;
/// The longest message on a link, of whatever kind: a text, its envelope, and room to grow.
pub const WIRE_MAX_BYTES: usize = 128 * 1024;
/// The longest Noise message (Noise section 3: 65,535) and so the longest frame.
pub const FRAME_MAX_BYTES: usize = 65_535;
/// The longest payload of a frame: a Noise message less its tag.
pub const PAYLOAD_MAX_BYTES: usize = FRAME_MAX_BYTES - 16;
/// The longest frame before a link is open: twice the longest that is sent, so that a stranger can
/// make us hold no more than this.
pub const HANDSHAKE_FRAME_MAX_BYTES: usize = 512;
/// Frames after which a link direction changes its key.
pub const REKEY_FRAMES: u64 = 1 << 16;
/// A handshake that takes longer is given up.
pub const HANDSHAKE_MS: u64 = 10_000;
/// Bytes handed out for one stream before its machine waits to hear that they are written.
pub const STREAM_AHEAD_BYTES: usize = 256 * 1024;
/// What is read from a stream at a time: most of what a kernel holds for one, allocated once.
pub const READ_BYTES: usize = 64 * 1024;
/// Bytes read from one stream in one wake; the others have their turn before it goes on.
pub const TURN_BYTES: usize = 256 * 1024;
/// What is read from stdin at a time: all that a pipe holds (pipe(7)), so that a script's lines
/// share a commit.
pub const STDIN_READ_BYTES: usize = 64 * 1024;
/// Connections accepted, and datagrams received, in one wake of the loop.
pub const TURN_ARRIVALS: usize = 256;
/// Connections that the kernel holds for us until they are accepted (`listen(2)`).
pub const BACKLOG: i32 = 4096;
/// Ports that are tried before a listener that may have any is content with TCP alone.
pub const PORTS_TRIED: u32 = 8;
/// Connections that are closed but for bytes that the other end has not taken yet.
pub const LINGERING: usize = 1024;
/// Bytes that a program on the control socket may be behind in reading.
pub const CONTROL_BEHIND_BYTES: usize = 4 * 1024 * 1024;
/// Programs on the control socket at a time.
pub const CONTROLS: usize = 256;
/// Silence on a stream after which the kernel asks the other end for a sign of life.
pub const KEEPALIVE_IDLE_S: u64 = 60;
/// Pause between two such questions.
pub const KEEPALIVE_INTERVAL_S: u64 = 15;
/// Such questions without an answer before the kernel gives a stream up.
pub const KEEPALIVE_PROBES: u32 = 4;
/// How long bytes may stay unacknowledged. Linux lets this overrule the number of probes
/// (tcp(7), TCP_USER_TIMEOUT), so it is the time that all of them take: one lost packet is no loss.
pub const UNACKNOWLEDGED_S: u64 = KEEPALIVE_IDLE_S + KEEPALIVE_INTERVAL_S * KEEPALIVE_PROBES as u64;
/// The same where it is doubted whether anybody is there: a link that is worn out acknowledges
/// something, and who waits for an answer does not wait long.
pub const DOUBTED_S: u64 = 8;
/// How long an answer is waited for before it is doubted that it comes.
pub const DOUBT_MS: u64 = 3_000;
/// Messages in flight to one peer before the rest waits on disk.
pub const FLIGHT_MESSAGES: usize = 4096;
/// Bytes of text in flight to one peer before the rest waits on disk.
pub const FLIGHT_BYTES: usize = 512 * 1024;
/// Rows read from the outbox at a time; about a frame of usual messages.
pub const OUTBOX_PAGE_ROWS: usize = 512;
/// How long a request for a session stands before it counts as unanswered.
pub const ASK_MS: u64 = 60_000;
/// How long a session that the programs open by themselves is asked for, before mail is used.
pub const QUIET_ASK_MS: u64 = 5_000;
/// How long two sides try to link before the session fails.
pub const LINKING_MS: u64 = 10_000;
/// How long direct paths are tried before the relay is used.
pub const RELAY_AFTER_MS: u64 = 1_000;
/// How long the answerer waits to be dialled before it dials too: less than until datagrams are
/// tried, for a connection is silent while it is idle.
pub const DIAL_BACK_MS: u64 = 200;
/// How long a closing side waits for the other's word.
pub const CLOSING_MS: u64 = 3_000;
/// How long a program that ends waits for its last words to be written.
pub const GOODBYE_MS: u64 = 2_000;
/// How long a dialled connection may take to open.
pub const DIAL_MS: u64 = 10_000;
/// Sessions of one client, asked, offered or open.
pub const SESSIONS: usize = 256;
/// How long an open session looks for another path when its own is gone.
pub const ADRIFT_MS: u64 = 20_000;
/// The same while our own way to the server is gone: another network may take a while to find.
pub const ASTRAY_MS: u64 = 60_000;
/// How long addresses of this machine may come and go before it is seen which there are: an
/// interface gets and loses several at once.
pub const NETWORK_SETTLES_MS: u64 = 300;
/// How often, and after which pauses, a session on the relay tries to do without.
pub const BETTER_TRIES: u8 = 3;
/// See [`BETTER_TRIES`].
pub const BETTER_MS: u64 = 3_000;
/// Words about commands that are kept for one session until they have come; beyond it the oldest
/// go, and with them the session at its next move.
pub const KEPT_BYTES: usize = 4 * 1024 * 1024;
/// Tries to reach one person that `why` tells of.
pub const ATTEMPTS: usize = 64;
/// Addresses of the other side that are dialled from our listener's port, while they dial ours.
pub const CROSSED: usize = 4;
/// How long other paths are waited for before that: datagrams get through more kinds of NATs, but
/// not through every firewall.
pub const CROSS_AFTER_MS: u64 = 600;
/// Of questions about ourselves that it tells of beside.
pub const ATTEMPTS_OURS: usize = 8;
/// People of whom it tells.
pub const ATTEMPTED: usize = 64;
/// Candidate addresses in one offer; more are dropped.
pub const CANDIDATES: usize = 16;
/// Unanswered questions of one client to its server.
pub const REQUESTS: usize = 1024;
/// First and longest pause before signing in again, doubled in between.
pub const RECONNECT_FIRST_MS: u64 = 500;
/// See [`RECONNECT_FIRST_MS`].
pub const RECONNECT_LAST_MS: u64 = 60_000;
/// Names in one page of `who`.
pub const WHO_PAGE_NAMES: usize = 256;
/// People whose presence one client may watch.
pub const WATCHED: usize = 1024;
/// Rendezvous (asked or relayed sessions) that one client may have at a server.
pub const RENDEZVOUS: usize = 256;
/// Of those, how many with one and the same client: one asker must not take all of another's
/// places.
pub const RENDEZVOUS_PAIR: usize = 8;
/// Requests a second that one account may make, and how many at once after a pause.
pub const REQUESTS_PER_S: u32 = 200;
/// See [`REQUESTS_PER_S`].
pub const REQUESTS_BURST: u32 = 2_000;
/// Connections a second from one address outside loopback, and how many at once after a pause.
pub const CONNECTS_PER_S: u32 = 20;
/// See [`CONNECTS_PER_S`].
pub const CONNECTS_BURST: u32 = 200;
/// Probes of its outer address that one client is answered in a second, and how many at once after
/// a pause.
pub const PROBES_PER_S: u32 = 1;
/// See [`PROBES_PER_S`].
pub const PROBES_BURST: u32 = 32;
/// Answers to probes that go to one address in a second, and how many at once after a pause: for
/// all the clients behind a NAT, and 10 kB a second for somebody who asked for none.
pub const PROBING_PER_S: u32 = 200;
/// See [`PROBING_PER_S`].
pub const PROBING_BURST: u32 = 2_000;
/// How often a question of the probe is asked, and the pause before the second time, doubled after
/// each: datagrams are lost, and a server's firewall may not let them through at all.
pub const PROBE_TRIES: u32 = 4;
/// See [`PROBE_TRIES`].
pub const PROBE_FIRST_MS: u64 = 250;
/// How long an answer to the probe counts. A NAT forgets a mapping after 30 seconds of silence in
/// practice, and should keep it for 120 (RFC 4787 REQ-5).
pub const PROBE_FRESH_MS: u64 = 20_000;
/// The server's addresses that are asked: one of each family, and others if there are.
pub const PROBED: usize = 4;
/// Source addresses whose connects are counted; beyond it the least busy one is forgotten.
pub const SOURCES: usize = 65_536;
/// People on one watch list that cost as much budget as a request: each may be a read.
pub const WATCHED_PER_REQUEST: usize = 16;
/// Bytes pushed in vain to a client that is behind, before it is cut off.
pub const BACKLOG_BYTES: usize = 4 * STREAM_AHEAD_BYTES;
/// Clients a server takes at most, unless told otherwise.
pub const MAX_CLIENTS: usize = 10_000;
/// Contact tokens of one account; one for each friend and group.
pub const TOKENS: usize = 2_048;
/// People whom one account may block.
pub const BLOCKED: usize = 2_048;
/// One-time prekeys that a server keeps for one account.
pub const PREKEYS: usize = 100;
/// One-time prekeys left at which a client makes new ones.
pub const PREKEYS_FEW: u32 = 30;
/// How long a used one-time prekey is kept, for mail that comes again.
pub const PREKEY_USED_MS: i64 = 48 * 3_600_000;
/// How old a weekly prekey gets before the next is made.
pub const PREKEY_WEEK_MS: i64 = 7 * 86_400_000;
/// How long after that it still opens mail: as long as mail is held, and a week.
pub const PREKEY_OLD_MS: i64 = 45 * 86_400_000;
/// The largest sealed envelope: some letters, or one of the longest, and its padding.
pub const ENVELOPE_MAX_BYTES: usize = 96 * 1024;
/// The longest plaintext of an envelope: eleven times 8 KiB, less signature, identity and length.
pub const PACKET_MAX_BYTES: usize = 11 * 8 * 1024 - 196;
/// Bytes of letters that share an envelope.
pub const ENVELOPE_FULL_BYTES: usize = 24 * 1024;
/// Letters that share an envelope.
pub const ENVELOPE_LETTERS: usize = 256;
/// Words for letters that came as mail, in one envelope: 18 bytes each, half of what it holds.
pub const ENVELOPE_GOT: usize = 2_048;
/// Bytes of mail that a server holds of one depositor for one recipient, part of what it holds
/// for the recipient.
pub const HOLD_PART: u64 = 4;
/// What mail on a server's disk counts for beside its bytes: its rows, so that tiny envelopes are
/// no way around a quota.
pub const HELD_ROW_BYTES: usize = 256;
/// Bytes of an envelope that cost its depositor as much budget as a request.
pub const DEPOSIT_PER_REQUEST_BYTES: usize = 16 * 1024;
/// Tokens, blocks or prekeys laid out at a server that cost as much budget as a request: each may
/// be a row.
pub const ROWS_PER_REQUEST: usize = 16;
/// Shortest pause between two looks for mail past its time.
pub const EXPIRY_PAUSE_MS: u64 = 3_600_000;
/// Longest pause between two looks: the clock on the wall may have been moved meanwhile.
pub const EXPIRY_LOOK_MS: u64 = 7 * 86_400_000;
/// One-time prekeys of one person that one asker is given in an hour, and at once; then only the
/// weekly one, so that nobody uses up what is there for all.
pub const PREKEYS_PER_ASKER_HOUR: u64 = 20;
/// Pairs of asker and asked whose prekeys are counted; beyond it the least busy one is forgotten.
pub const PREKEY_ASKERS: usize = 65_536;
/// Mail read from the disk at a time, and sent ahead of the recipient's word that it was taken.
pub const MAIL_PAGE_BYTES: usize = 128 * 1024;
/// How long verbs wait for mail that was held, before they answer from what there is.
pub const COLLECTING_MS: u64 = 2_000;
/// Friend requests that are kept for a person to answer.
pub const FRIEND_REQUESTS: usize = 32;
/// The longest words of a friend request.
pub const REQUEST_TEXT_BYTES: usize = 1024;
/// People for whom mail is on its way to the server at the same time.
pub const MAIL_AT_ONCE: usize = 32;
/// First and longest pause before mail is tried again, doubled in between.
pub const MAIL_AGAIN_FIRST_MS: u64 = 5_000;
/// See [`MAIL_AGAIN_FIRST_MS`].
pub const MAIL_AGAIN_LAST_MS: u64 = 3_600_000;
/// Messages whose sender waits for a verb to end.
pub const PENDING_VERBS: usize = 1 << 17;
/// Strangers with a session open through `HOST:PORT`, before they have said who they are.
pub const STRANGERS: usize = 64;
/// The longest datagram on the local network: it fits every network's packets (RFC 8200 section 5:
/// 1,280 with headers).
pub const BEACON_BYTES: usize = 1_200;
/// Public groups in one beacon, of the longest names; they fit.
pub const BEACON_GROUPS: usize = 27;
/// People heard of on the local network; beyond it the one heard of longest ago is forgotten, and
/// no friend for a stranger.
pub const NEAR: usize = 256;
/// Addresses of one of them: of both families, on two networks.
pub const NEAR_ADDRESSES: usize = 4;
/// How long one waits for answers on the local network.
pub const ROUND_MS: u64 = 500;
/// When the question is said again, for it may have been lost: multicast is not repeated by radio.
pub const ROUND_AGAIN_MS: u64 = 200;
/// Longest pause before an answer, so that not all answer at once (RFC 6762 section 6 has 120).
pub const ANSWER_MS: u64 = 100;
/// Answers that wait for that; more are not given.
pub const ANSWERS: usize = 64;
/// Shortest pause between two answers to the same person; a question is said twice.
pub const ANSWERED_MS: u64 = 250;
/// Beacons whose signatures are checked in a second; more are passed over. A tenth of a slow core.
pub const BEACONS_PER_S: u32 = 200;
/// How long a link for letters between strangers is kept without use.
pub const LETTERS_LINK_MS: u64 = 10_000;
/// How long a verb may take, unless told otherwise. The contract's 10 seconds.
pub const VERB_MS: u64 = 10_000;
/// Days that a server holds mail, unless told otherwise.
pub const HOLD_DAYS: u64 = 30;
/// Bytes of mail that a server holds for one person, unless told otherwise.
pub const HOLD_BYTES: u64 = 16 * 1024 * 1024;
/// The longest line that is read: a text of which every byte is escaped in JSON, and its verb.
pub const LINE_MAX_BYTES: usize = 6 * TEXT_MAX_BYTES + 4096;
/// The longest text that is pasted at once; four messages of the longest.
pub const PASTE_MAX_BYTES: usize = 4 * TEXT_MAX_BYTES;
/// Lines of a paste that are sent without a question. The 5.
pub const PASTE_LINES: usize = 5;
/// The longest sequence of bytes that stands for a key; the longest known has 10.
pub const SEQUENCE_MAX_BYTES: usize = 32;
/// Killed pieces of lines that can be yanked; as in Emacs, a few.
pub const KILLS: usize = 16;
/// Bytes of earlier states of the line being typed.
pub const UNDO_BYTES: usize = 256 * 1024;
/// Lines typed before that are remembered over runs.
pub const TYPED_LINES: usize = 1000;
/// Bytes of them; few lines are long.
pub const TYPED_BYTES: usize = 256 * 1024;
/// Choices that Tab lists; more are only counted.
pub const CHOICES: usize = 200;
/// Bytes of answers kept for a program on the control socket that does not read them.
pub const GUEST_BEHIND_BYTES: usize = 64 * 1024 * 1024;
/// How long a program that leaves waits for the kernel to take its last bytes.
pub const LAST_WORDS_MS: u64 = 2_000;
/// Messages that a search indexes before it answers: 70 ms of work, 140 when FTS5 merges.
pub const SEARCH_STEP_MESSAGES: usize = 10_000;
/// Bytes of text that a search indexes before it answers, of long messages.
pub const SEARCH_STEP_BYTES: usize = 1024 * 1024;
/// Words of one search.
pub const SEARCH_WORDS: usize = 32;
/// Letters of a word that count; what is longer is no word but data.
pub const WORD_MAX_CHARS: usize = 64;
/// Groups of one client, and public ones that one account leads.
pub const GROUPS: usize = 256;
/// People in one group. The roster of so many fits an envelope.
pub const MEMBERS: usize = 256;
/// Who asked to be let into one group, or is invited and has not answered.
pub const GROUP_CANDIDATES: usize = 256;
/// Changes of leader that a roster proves; whoever is further behind must be invited again.
pub const HANDOVERS: usize = 64;
/// Invitations that wait for an answer: strangers send them, and our own groups need room.
pub const INVITATIONS: usize = 64;
/// Earlier secrets of a group by which a member is tried who is behind; each was good until
/// somebody went.
pub const REACHES_BEFORE: usize = 8;
/// Tokens that are tried for one person before mail to them waits; each costs two requests.
pub const TOKENS_TRIED: usize = 16;
/// Rosters of one epoch that one member is sent; each is as long as the group is large.
pub const ROSTERS_SHOWN: u8 = 8;
/// Members, beside the leader, who tell one that is behind: some of them are online, and no flood.
pub const WHO_TELL: usize = 2;
/// Talk of one person's that waits for a later roster; more is passed over.
pub const UNHEARD: usize = 256;
/// Talk of everybody's that waits for a later roster; more is passed over.
pub const UNHEARD_ALL: usize = 4096;
/// Bytes of the one: it is kept in memory, and anybody may send it.
pub const UNHEARD_BYTES: usize = 256 * 1024;
/// Bytes of the other.
pub const UNHEARD_ALL_BYTES: usize = 2 * 1024 * 1024;
/// Groups in one page of a server's list.
pub const GROUPS_PAGE: usize = 256;
/// Files of one client that are offered or taken.
pub const TRANSFERS: usize = 1024;
/// Files that one other person may offer us at a time.
pub const OFFERS_PAIR: usize = 64;
/// Bytes of a file that travel in one message: most of a frame, a round number to the disk.
pub const CHUNK_BYTES: usize = 64 * 1024;
/// The first, least and most bytes of files in flight on one link; in between they follow the
/// link's speed, so that a chat message behind them waits for milliseconds.
pub const BULK_FIRST_BYTES: u64 = 256 * 1024;
/// See [`BULK_FIRST_BYTES`].
pub const BULK_LEAST_BYTES: u64 = 128 * 1024;
/// See [`BULK_FIRST_BYTES`].
pub const BULK_MOST_BYTES: u64 = 16 * 1024 * 1024;
/// Bytes of a file that come in before they are made durable.
pub const CHECKPOINT_BYTES: u64 = 32 * 1024 * 1024;
/// How long bytes of a file may come in before they are made durable.
pub const CHECKPOINT_MS: u64 = 1_000;
/// Files that one client has open at a time; others wait for their turn. An eighth of the
/// descriptors that a process usually has.
pub const FILES_OPEN: usize = 128;
/// Files that are read, or listened to, at a time before they are offered.
pub const FILES_READ: usize = 64;
/// What is read at a time of a file to know its digest: a fraction of a millisecond's work.
pub const HASH_STEP_BYTES: usize = READ_BYTES;
/// Bytes of files that are read ahead of being sent, for all links together.
pub const FILES_AHEAD_BYTES: u64 = 512 * 1024;
/// First and longest pause before a session for files is tried again, doubled in between.
pub const FILES_AGAIN_FIRST_MS: u64 = 500;
/// See [`FILES_AGAIN_FIRST_MS`].
pub const FILES_AGAIN_LAST_MS: u64 = 60_000;
/// Friends whose last listing of posts is remembered.
pub const LISTINGS: usize = 64;
/// Listings of our posts that are given to one friend who has not taken what waits for them: each
/// may fill an envelope, and a question is a few bytes. More questions are not answered.
pub const LISTINGS_UNTAKEN: u8 = 16;
/// Shortest pause between two words on the progress of one file.
pub const PROGRESS_MS: u64 = 250;
/// The longest name of a file (Linux, `NAME_MAX`).
pub const FILE_NAME_BYTES: usize = 255;
/// A voice message of a friend's up to this size comes without being taken: a quarter of an hour.
pub const VOICE_UNASKED_BYTES: u64 = 32 * 1024 * 1024;
/// The longest transcript.
pub const TRANSCRIPT_BYTES: usize = 32 * 1024;
/// How long a transcript may take, unless told otherwise.
pub const TRANSCRIBE_S: u64 = 60;
/// Bytes of a WAV file among which its header ends.
pub const WAV_HEAD_BYTES: usize = 64 * 1024;
/// Files that one client offers to its friends.
pub const POSTS: usize = 1024;
/// Posts in one listing; the newest. They fit an envelope.
pub const POSTS_PAGE: usize = 256;
/// Commands that wait for an answer, or run, of one client.
pub const RUNS: usize = 64;
/// Of those, how many of one other person's.
pub const RUNS_PAIR: usize = 8;
/// Ids of commands asked for that no later one may look like.
pub const RUN_NAMES: usize = 1024;
/// Words of a command, and their bytes in all.
pub const ARGV_WORDS: usize = 1024;
/// See [`ARGV_WORDS`].
pub const ARGV_BYTES: usize = 32 * 1024;
/// How long a command waits for an answer.
pub const RUN_ASK_MS: u64 = 600_000;
/// How long a command may run, unless told otherwise: long for a look, short for a miner.
pub const RUN_S: u64 = 60;
/// What a command may write, unless told otherwise.
pub const RUN_OUTPUT_BYTES: u64 = 1024 * 1024;
/// Memory that a command may have, unless told otherwise.
pub const RUN_MEMORY_BYTES: u64 = 256 * 1024 * 1024;
/// What is read at a time of what a command writes.
pub const RUN_CHUNK_BYTES: usize = 16 * 1024;
/// Standing yeses of one client.
pub const GRANTS: usize = 1024;
/// Hooks that wait for their turn: a burst of messages, not what never ends.
pub const HOOKS: usize = 1024;
/// Bytes of events that wait with them.
pub const HOOKS_BYTES: usize = 4 * 1024 * 1024;
/// How long one may take, unless told otherwise.
pub const HOOK_S: u64 = 30;
/// What one may write to our standard error.
pub const HOOK_OUTPUT_BYTES: usize = 64 * 1024;
/// The largest file of options: no hand writes more.
pub const CONFIG_BYTES: usize = 64 * 1024;
/// The longest datagram to a peer elsewhere: what every path has room for (RFC 8200: 1,280 bytes),
/// less the headers of IPv6 and UDP, and then some for tunnels.
pub const DATAGRAM_BYTES: usize = 1_200;
/// The longest to a peer on this machine.
pub const LOOPBACK_DATAGRAM_BYTES: usize = 8 * 1024;
/// The length of a first word to a peer over UDP: no answer is longer.
pub const KNOCK_BYTES: usize = 256;
/// First pause between two such words, what each next is longer, and the longest: a NAT's mapping
/// opens with the first that passes, and few are lost in a row.
pub const KNOCK_FIRST_MS: u64 = 100;
/// See [`KNOCK_FIRST_MS`].
pub const KNOCK_STEP_MS: u64 = 50;
/// See [`KNOCK_FIRST_MS`].
pub const KNOCK_LAST_MS: u64 = 250;
/// How long a path over UDP is looked for.
pub const PUNCH_MS: u64 = 3_000;
/// Addresses that are tried because a word of the session came from there.
pub const LEARNED_CANDIDATES: usize = 8;
/// Handshakes over UDP that one session has under way: one, and old ones that somebody repeats.
pub const KNOCKS: usize = 4;
/// Packets whose numbers are remembered; what is older counts as repeated.
pub const REPLAY_PACKETS: u64 = 2_048;
/// Runs of packets in one acknowledgement.
pub const ACK_RUNS: usize = 16;
/// Bytes of a stream over UDP that may be in flight, or come before those in front of them.
pub const DATAGRAM_WINDOW_BYTES: usize = 2 * 1024 * 1024;
/// How long direct connections are tried before datagrams are: where they get through, nothing
/// else is sent.
pub const PUNCH_AFTER_MS: u64 = 300;
/// Ports that are tried behind one that a NAT gave for another destination: many give them in turn.
pub const PORTS_AHEAD: u16 = 4;
/// Pieces of it that wait for those in front of them.
pub const EARLY_PIECES: usize = 4_096;
/// How long the first packet over UDP waits for its acknowledgement.
pub const RESEND_FIRST_MS: u64 = 300;
/// The longest that any waits before it is sent again, unless the round trip is longer: several
/// tries before the path counts as gone.
pub const RESEND_LAST_MS: u64 = 1_500;
/// How long a packet that was overtaken is waited for at least: a few wakes of the other side.
pub const LOSS_PATIENCE_MS: u64 = 2;
/// Silence after which what was known of a path's capacity is old.
pub const PAUSE_MS: u64 = 1_000;
/// How long nothing may be acknowledged before a path over UDP counts as gone: what was said goes
/// another way then, before the 10 s are over that a verb waits.
pub const UNANSWERED_MS: u64 = 8_000;
/// How long a path over UDP may be silent: NATs forget after 30 s and more (RFC 4787, REQ-5, is not
/// kept by all).
pub const UDP_KEEPALIVE_MS: u64 = 25_000;
/// How long a client is signed in before it asks for its port to be mapped: one that is there for a
/// verb has no use for it.
pub const PORT_MAPPING_AFTER_MS: u64 = 1_000;
/// First pause before a gateway is asked again, doubled each time (RFC 6886, section 3.1).
pub const PORT_MAPPING_ASK_MS: u64 = 250;
/// How often it is asked by PCP and NAT-PMP: for less than two seconds, since most speak UPnP.
pub const PORT_MAPPING_KNOCKS: u32 = 3;
/// How often UPnP gateways are searched for.
pub const PORT_MAPPING_SEARCHES: u32 = 4;
/// How long a UPnP gateway may take for one answer.
pub const PORT_MAPPING_TALK_MS: u64 = 3_000;
/// The longest answer; descriptions have 2 to 20 KiB.
pub const PORT_MAPPING_ANSWER_BYTES: usize = 32 * 1024;
/// Services of one gateway that are tried.
pub const PORT_MAPPING_SERVICES: usize = 4;
/// Entries of its table among which ours are looked for.
pub const PORT_MAPPING_ENTRIES: u16 = 64;
/// How long a mapping is asked for (RFC 6886, section 3.3: 7,200 s); so long one of a killed
/// program stays.
pub const PORT_MAPPING_LEASE_S: u32 = 7_200;
/// Shortest pause before a mapping is renewed, whatever the gateway says.
pub const PORT_MAPPING_RENEW_MS: u64 = 60_000;
/// Longest.
pub const PORT_MAPPING_LONG_MS: u64 = 86_400_000;
/// How long after a refusal a gateway is asked again.
pub const PORT_MAPPING_AGAIN_MS: u64 = 3_600_000;
/// How long a program that ends waits for its mappings to be taken back.
pub const PORT_MAPPING_RETURN_MS: u64 = 1_000;
/// Tries that `why` tells of.
pub const PORT_MAPPING_TRIED: usize = 8;
