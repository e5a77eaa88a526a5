"""Every default of livedash with its unit, its reason and where the number comes from; nothing is decided here."""

from __future__ import annotations

from typing import Final

KIB: Final = 1024
MIB: Final = 1024 * KIB

# Rooms and history (DESIGN 3.5)
ROOM_NAME_CHARACTERS: Final = 128
HISTORY_BYTES: Final = 64 * MIB  # of one room: about a million records of five floats
HUB_HISTORY_BYTES: Final = 1024 * MIB  # of all rooms of a hub
KEYS_PER_ROOM: Final = 10_000
FORMER_EPOCHS: Final = 100  # of a room, whose readers are told how they ended; readers of older ones hear `epoch`
DELETED_ROOMS: Final = 10_000  # of a hub, whose readers are told so
SNAPSHOT_RECORDS: Final = 10_000  # what a panel's window shows unless told otherwise
EPOCH_CHARACTERS: Final = 8  # 36^8: two hubs that start in the same second still differ
EPOCH_MAX_CHARACTERS: Final = 16

# What one call may bring (DESIGN 3.5)
RECORD_BYTES: Final = 1 * MIB
PUBLISH_BODY_BYTES: Final = 64 * MIB
PUBLISH_BODY_LEAST_BYTES: Final = 8 * MIB  # that a server may set: twice what our publishers send at once
RECORD_DEPTH: Final = 64  # nesting of one record; deeper input is an attack on the encoder's stack
RECORD_FIELDS: Final = 4096
ABSENT_ROWS: Final = 2_000_000  # of all columns of a batch; more would take longer than what they tell is worth
EVENT_CHARACTERS: Final = 4 * PUBLISH_BODY_BYTES  # of an event that a reader takes: a publish, however it is escaped
READ_LIMIT: Final = 10_000
READ_LIMIT_MAX: Final = 1_000_000
PUBLISH_AT_ONCE_BYTES: Final = (
    64 * KIB
)  # 10 ms as JSON; a larger body is taken apart in a thread, beside the host's event loop
READ_AT_ONCE_RECORDS: Final = (
    1_000  # 3 ms as JSON; a longer read of history is encoded in a thread, beside the host's event loop
)
CURSOR_BYTES: Final = 4 * KIB  # it travels in a header line
FEED_ROOMS: Final = 50
SUBSCRIPTIONS_PER_CONNECTION: Final = 1000
IDEMPOTENCY_S: Final = 600.0
IDEMPOTENCY_KEYS: Final = 10_000
PUBLISHER_ANSWERS: Final = 1024  # answers kept per publisher and room; above what a publisher has in flight
PUBLISHERS_PER_ROOM: Final = 1000

# Viewers
OUTBOX_BYTES: Final = 8 * MIB
OUTBOX_MESSAGES: Final = 10_000  # answers and events of one viewer; a client that asks without reading is cut off here
VIEWERS_BYTES: Final = 256 * MIB  # waits for all viewers of a hub: send buffers, outboxes and answers under way
MESSAGE_BYTES: Final = 1 * MIB  # a delivery is cut near here, so that a small viewer can take it in steps
ENCODED_BATCHES: Final = 64  # of a room, whose bytes are kept for all viewers: a second of a busy publisher
SEND_BUFFER_BYTES: Final = 1 * MIB  # waits in a transport before the next records are read for it
SLOW_AFTER_S: Final = 2.0  # a viewer whose socket took nothing for so long counts as slow
FLUSH_SLICE_S: Final = 0.005  # the host's loop gets its turn after so long (DESIGN 4.8)
MAX_HZ: Final = 1000.0
BLOCKED_WRITE_S: Final = 35.0  # with KEEP_ALIVE_S before and PRESENCE_GRACE_S after it below 60 s (DESIGN 4.7)
SILENT_PEER_S: Final = 20.0  # a peer that sends nothing for so long is asked by TCP whether it is there
PING_INTERVAL_S: Final = 20.0
PONG_LIMIT_S: Final = 40.0
KEEP_ALIVE_S: Final = 15.0  # a comment on a quiet event stream; proxies cut at 30 or 60 s
KEEP_ALIVE_MIN_S: Final = 1.0  # that a reader may ask for: our pages ask for 4 s, to see a dead network within 8
POLL_TIMEOUT_S: Final = 15.0
POLL_TIMEOUT_MAX_S: Final = 50.0  # nothing is sent meanwhile that a dead peer could miss: it ends below 60 s
TAKEOVER_WAIT_S: Final = 3.0  # a cursor of an epoch that no room has yet waits for its publisher (DESIGN 4.6)
LINK_CHECK_S: Final = 0.5  # open streams of a dead link end within 1 s (DESIGN 4.5)
PRESENCE_GRACE_S: Final = 5.0  # above READER_BACKOFF_MAX_S: a reader whose connection was cut is back by then
PRESENCE_LEAVING: Final = 20_000  # rooms of viewers that may come back; above it, the first to go count as left
VIEWER_SECRET_CHARACTERS_MIN: Final = 8  # of the text by which a viewer shows that it is the same: not to be guessed
VIEWER_SECRET_CHARACTERS: Final = 64
RETRY_MS: Final = 2000  # of an event stream, before jitter
ASKED_WAIT_MAX_MS: Final = 86_400_000  # a day: what a server can ask of our clients; timers end at 2^31
RETRY_SPREAD_S: Final = 1.0  # that clients add to a wait they are asked for
BYE_RETRY_S: Final = RETRY_MS / 1000  # of a bye that says to come back; who drains spreads its own
DRAIN_S: Final = 8.0
RECONNECTS_HZ: Final = 500.0  # at which who was sent away by a drain comes back: a WebSocket costs 0.75 ms to accept
RECONNECT_FIRST_S: Final = 0.2  # and not before
RESTART_S: Final = 2.0  # a hub of 5,000 viewers has ended and is there again; the first of many come then
RECONNECT_LEAST_S: Final = 0.5  # over so long, however few they are
CONNECTIONS: Final = 10_000
ADDRESS_CONNECTIONS: Final = 5_000  # half of all: an office, or a proxy that is not trusted, is one address
LINK_CONNECTIONS: Final = 5_000  # half of all: a link that went round must not lock out who is logged in

# Publishers
PUBLISH_RATE_RECORDS: Final = 0  # a second of one publisher; off: a loop may push a million, and hurts nobody else
PUBLISH_RATE_BYTES: Final = 0  # a second of one publisher; off for the same reason
PUBLISH_BURST_S: Final = 1.0  # of a rate, that may come at once: batches are no even stream
RATED_PUBLISHERS: Final = 10_000  # whose rate is known; who is forgotten begins anew
PUBLISHER_BUFFER_BYTES: Final = 256 * MIB
PUBLISHER_QUEUED_RECORDS: Final = 500_000  # of a room, not yet in columns: about 0.2 GiB of five floats
PUBLISHER_HZ: Final = 60.0  # batches a second; a screen shows no more
PUBLISHER_IDLE_S: Final = 1.0  # without a record for so long the sender parks
PUBLISHER_IN_FLIGHT: Final = 64  # batches of a room sent and not yet acknowledged
PUBLISHER_IN_FLIGHT_BYTES: Final = 32 * MIB  # of all rooms: an eighth of the buffer, since these can't be dropped
PUBLISH_BATCH_RECORDS: Final = 50_000
PUBLISH_BATCH_BYTES: Final = 4 * MIB
PUBLISHER_ACK_LIMIT_S: Final = 20.0  # no answer for so long: the connection counts as dead
FLUSH_AT_EXIT_KERNEL_S: Final = 2.0
FLUSH_AT_EXIT_SCRIPT_S: Final = 30.0
PUBLISHER_BACKOFF_MAX_S: Final = (
    1.0  # readers wait TAKEOVER_WAIT_S for a room's publisher, and a hub that begins is busy
)
PUBLISHER_REFUSED_S: Final = 60.0  # a hub that refuses the login is asked again after so long
CONNECT_TIMEOUT_S: Final = 5.0  # with READER_BACKOFF_MAX_S below 10 s: a reader is back so soon after its network
SILENCE_S: Final = 4.0  # a hub that says nothing for so long is asked
ANSWER_S: Final = 4.0  # for the answer; with SILENCE_S a dead connection is found within 8 s
ANSWER_MAX_S: Final = 60.0  # after several without an answer: 4 MiB over half a megabit a second
SETTLED_S: Final = 60.0  # a connection that lived so long was fast enough
DISCOVERY_TIMEOUT_S: Final = 2.0  # of one request to a server on this machine
BACKOFF_FIRST_S: Final = 0.2
BACKOFF_MAX_S: Final = 10.0
SOUND_CONNECTION_S: Final = 5.0  # one that lived so long works: the next wait after it is the first again
READER_BACKOFF_MAX_S: Final = 3.0
REQUEST_TIMEOUT_S: Final = 30.0
REQUEST_BACKOFF_MAX_S: Final = 2.0  # a person waits for the answer
FIRST_ANSWER_S: Final = 2.0  # a hub that never answered is asked again for so long: its address may be mistyped

# Sources
SOURCE_BACKOFF_FIRST_S: Final = 1.0
SOURCE_BACKOFF_MAX_S: Final = 60.0

FAILING_CHARACTERS: Final = 500  # of what a source's failure says: it is a panel's line, not a traceback
FAILING_SOURCES: Final = 1000  # of a hub

# A data directory
DATA_DIR_BYTES: Final = 2048 * MIB  # twice what a hub holds: room for the log, and for pages that wait for use
STORE_GATHER_S: Final = 0.05  # what comes meanwhile is written as one; with the writing itself it stays below 100 ms
STORE_QUEUE_BYTES: Final = 64 * MIB  # waits to be written; above it a room is written anew later, as a whole
STORE_QUEUE_ENTRIES: Final = 100_000  # the same, for what has no size
STORE_RETRY_S: Final = 5.0  # a disk that took nothing is tried again after so long
STORE_SYNC_S: Final = 5.0  # a power cut loses about so much; each costs the disk a flush
STORE_LOG_BYTES: Final = 16 * MIB  # SQLite's log of transactions, before it is folded into the file
STORE_ANSWERS: Final = 2 * PUBLISHER_IN_FLIGHT  # kept per publisher and room: above what it can send again

# Brokers
BROKER_NODES: Final = 1000  # hubs whose last entry is remembered: each start of a hub is one
BROKER_AUTHORS: Final = (
    1024  # entries of a room that are told apart when a hub gives them back: what may be on its way twice
)
BROKER_RECENT: Final = 1000  # changes of links and dashboards that are made again if the broker lost them
BROKER_READ_S: Final = 2.0  # a read of the log that finds nothing says so: a connection that is dead is found by that
BROKER_ANSWER_S: Final = 3.0  # what the broker may take for anything else
BROKER_HEARTBEAT_S: Final = (
    0.5  # of a NATS that has nothing to tell: in a cluster the node that reads for a hub may die alone
)
BROKER_SILENCE_S: Final = 1.5  # of a NATS without heartbeats: three are missing then
BROKER_BEHIND_S: Final = (
    0.02  # a node of a NATS cluster may have to hear of what another one took: asked again after so long
)
BROKER_RETRY_S: Final = 0.5  # between two tries to reach it, at most: gaps close within a second of its return
BROKER_BEAT_S: Final = 2.0  # how often a hub says that it is there
BROKER_BEAT_TTL_S: Final = 10.0  # without a word for so long, it is not
BROKER_ARRIVAL_S: Final = 2.0  # hubs that were there before the broker ended are waited for, to compare what they know
BROKER_SHELVE_S: Final = 2.0  # how often what came is put on the shelves
BROKER_LOG_S: Final = 30.0  # entries stay in the log for so long, for hubs that were away
BROKER_LOG_BYTES: Final = 128 * MIB  # the same, by size
BROKER_WAITING_BYTES: Final = 256 * MIB  # of a hub's callers, while its broker is away; above it publishers are put off
BROKER_WAIT_S: Final = 5.0  # a request by HTTP waits for a broker that is away; then it hears of that
BROKER_DEGRADED_S: Final = 1.0  # a broker that is back sooner was hardly away: viewers are not told
BROKER_LINKS_S: Final = 30.0  # a hub without its broker ends the streams of links after so long (DESIGN 4.5)
BROKER_PRESENCE_S: Final = 0.2  # who came and left is told to other hubs together
BROKER_SIGHTINGS: Final = 1000  # of viewers in one entry of the log: no entry is long work
BROKER_APPEND_BYTES: Final = 4 * MIB  # sent to the broker at once
BROKER_NOW_S: Final = (
    600.0  # a Kafka keeps what hubs say of themselves, and what a shelf held before: longer than any reads
)

# Share links
KEY_BYTES: Final = 32  # 256 bits: can't be guessed
LINK_EXPIRES_S: Final = 8 * 3600.0  # a working day: who needs longer says so
LINK_EXPIRES_MAX_S: Final = 366 * 86_400.0  # a link that nobody renews dies
LINK_ROOMS: Final = FEED_ROOMS  # a feed without `room` reads all of them
LINK_LABEL_CHARACTERS: Final = 200
LINKS: Final = 1000
LINK_KEPT_S: Final = 60.0  # after expiry, so that its open streams hear `expired`
STATIC_PICTURE_BYTES: Final = 5 * KIB
DASHBOARD_PANELS: Final = 100
PANEL_HEIGHT_PX: Final = 10_000  # a taller canvas is refused by browsers
