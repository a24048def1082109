/* wsload: WebSocket load generator. One epoll thread, loopback addresses only. What it counts is in ../README.md.
 * Lines for people go to stderr, one JSON object to stdout. */
#include "measure.h"
#include "publisher.h"
#include "websocket.h"
#include <getopt.h>

static void usage(void) {
    fputs(
"wsload idle|fanout|direct|roundtrip --url ws://127.0.0.1:PORT/PATH -n N [options]\n"
"connections:\n"
"  --url U            %d in the path is the connection's number\n"
"  --header 'K: V'    extra request header (may be given several times)\n"
"  --first TEXT       text message to send once open (%d as above)\n"
"  --conc C           handshakes in flight at once (128)\n"
"  --src K            spread over K source addresses 127.0.0.2..., for more than about 28,000 connections\n"
"  --settle S         seconds to wait once all are connected (1)\n"
"  --pids a,b,...     the server's processes: their CPU time and memory are read from /proc\n"
"  --cpus S,L         the server's and the load's processors (0,1)\n"
"  --label TEXT       copied into the result\n"
"fanout (all connections get each publish), direct (one connection gets it):\n"
"  --pub-url URL  --pub-header 'K: V'  --pub-body TEMPLATE   in URL and body {P} is the payload, {I} the connection's number\n"
"  -s BYTES (64)  -d SECONDS (5)  --warm N (fanout: publishes not counted, 20)  --timeout S (10)\n"
"  --rate R           fanout: publishes a second (0 = the next one when all have the last one)\n"
"  --pub-conns K      direct: publishes in flight (16)\n"
"roundtrip (each connection sends a message, and the next one when the reply is there):\n"
"  --msg TEMPLATE ({P}; also %d)  -s BYTES (64)  -w IN_FLIGHT (1)  -d SECONDS (5)  --warm SECONDS (1)\n", stderr);
    exit(2);
}

/* ---- options and state ---- */

enum mode { IDLE, FANOUT, DIRECT, ROUNDTRIP };
static const char *const mode_names[] = {"idle", "fanout", "direct", "roundtrip"};
static enum mode mode;
static url_t ws_url;
static const char *o_first, *o_msg = "{P}", *o_label = "";
static const char *o_headers[32];
static int n_headers, o_n = 1, o_conc = 128, o_src, o_in_flight = 1, o_pub_conns = 16;
static int o_server_cpu = 0, o_load_cpu = 1;
static double o_settle = 1, o_dur = 5, o_rate, o_warm = -1, o_timeout = 10;
static pid_t pids[64];
static int n_pids;

enum state { NOT_STARTED, CONNECTING, HANDSHAKE, OPEN, CLOSED };
typedef struct {
    int fd, id;
    enum state state;
    uint8_t want_out, probed, tries;
    uint32_t last_seq;
    uint64_t t0;                /* when the connect began */
    char accept[32];            /* the Sec-WebSocket-Accept to expect */
    buf_t in, frag, out;
} ws_t;

static ws_t *conns;
static pub_t *pubs;
static int *to_start, n_to_start;       /* numbers of the connections to start, the next one last */
static int n_open, n_failed, n_closed, n_connecting;
static char rbuf[1 << 18], xbuf[1 << 20];

/* what is counted */
static hist_t h_latency, h_connect;
static uint64_t n_msgs, n_other, n_dup, n_proto_err;
static int counting, stopped;               /* roundtrip: count replies; send no more */
static uint32_t cur_seq, warm_seq;          /* number of the latest publish; those up to warm_seq are not counted */
static uint64_t cur_count;                  /* how many connections have the latest publish */

static uint32_t rng = 2463534242u;
static uint32_t rnd(void) {
    rng ^= rng << 13;
    rng ^= rng >> 17;
    rng ^= rng << 5;
    return rng;
}

/* ---- a moment: what the CPU counters say ---- */

typedef struct {
    uint64_t t;
    cpu_t c[64];
    double server_cpu, load_cpu, own;
} snap_t;
static snap_t snap_a, snap_b;

static void snap(snap_t *s) {
    for (int i = 0; i < n_pids; i++) s->c[i] = process_cpu(pids[i]);
    s->server_cpu = cpu_busy(o_server_cpu);
    s->load_cpu = cpu_busy(o_load_cpu);
    s->own = own_cpu();
    s->t = now_ns();
}

static cpu_t server_cpu(void) {
    cpu_t c = {0, 0};
    for (int i = 0; i < n_pids; i++) {
        c.user += snap_b.c[i].user - snap_a.c[i].user;
        c.sys += snap_b.c[i].sys - snap_a.c[i].sys;
    }
    return c;
}

/* ---- sockets ---- */

static void ws_fail(ws_t *c, const char *why) {
    static int printed;
    if (c->state == CLOSED) return;
    if (printed++ < 5) fprintf(stderr, "wsload: connection %d: %s\n", c->id, why);
    if (c->fd >= 0) close(c->fd);
    c->fd = -1;
    c->want_out = 0;
    buf_free(&c->in);
    buf_free(&c->out);
    buf_free(&c->frag);
    if (c->state == OPEN) {
        n_open--;
        n_closed++;
        c->state = CLOSED;
        return;
    }
    n_connecting--;
    if (++c->tries < 6) {
        c->state = NOT_STARTED;
        to_start[n_to_start++] = c->id;
    } else {
        c->state = CLOSED;
        n_failed++;
    }
}

static void ws_start(ws_t *c) {
    n_connecting++;
    c->state = CONNECTING;
    c->t0 = now_ns();
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0) die("socket: %s (raise ulimit -n)", strerror(errno));
    set_nodelay(c->fd);
    if (o_src > 0) {
        int one = 1;
        setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
        struct sockaddr_in from = ipv4("127.0.0.2", 0);
        from.sin_addr.s_addr = htonl(ntohl(from.sin_addr.s_addr) + (uint32_t)(c->id % o_src));
        if (bind(c->fd, (struct sockaddr *)&from, sizeof from)) die("bind source: %s", strerror(errno));
    }
    struct sockaddr_in to = ipv4(ws_url.host, ws_url.port);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) {
        ws_fail(c, strerror(errno));
        return;
    }
    c->want_out = 1;
    watch(EPOLL_CTL_ADD, c->fd, c, IS_CLIENT, 1);
}

static void ws_flush(ws_t *c) {
    if (c->out.len > c->out.off) {
        ssize_t r = send(c->fd, c->out.p + c->out.off, c->out.len - c->out.off, MSG_NOSIGNAL);
        if (r < 0 && errno != EAGAIN) {
            ws_fail(c, strerror(errno));
            return;
        }
        if (r > 0) c->out.off += (uint32_t)r;
    }
    int want = c->out.len > c->out.off;
    if (!want) buf_clear(&c->out);
    if (want != c->want_out) {
        c->want_out = (uint8_t)want;
        watch(EPOLL_CTL_MOD, c->fd, c, IS_CLIENT, want);
    }
}

static void ws_send(ws_t *c, int op, const char *p, size_t n) {
    unsigned char head[14];
    size_t k = frame_head(head, op, n), i = 0;
    uint32_t mask = rnd();
    head[1] |= 0x80;
    memcpy(head + k, &mask, 4);
    buf_reserve(&c->out, n + k + 4);
    buf_add(&c->out, head, k + 4);
    unsigned char *d = (unsigned char *)c->out.p + c->out.len;
    for (; i + 4 <= n; i += 4) {
        uint32_t w;
        memcpy(&w, p + i, 4);
        w ^= mask;
        memcpy(d + i, &w, 4);
    }
    for (; i < n; i++) d[i] = (unsigned char)p[i] ^ head[k + (i & 3)];
    c->out.len += (uint32_t)n;
    if (!c->want_out) ws_flush(c);
}

static void ws_send_payload(ws_t *c, uint32_t seq) {
    size_t len = make_payload(now_ns(), seq, pub_to.size);
    ws_send(c, OP_TEXT, xbuf, expand(xbuf, sizeof xbuf, o_msg, c->id, payload, len));
}

static void on_message(ws_t *c, const char *p, size_t n) {
    uint64_t t;
    uint32_t seq;
    if (!parse_payload(p, n, &t, &seq)) {
        n_other++;
        return;
    }
    if (mode == ROUNDTRIP) {
        if (counting) {
            h_add(&h_latency, now_ns() - t);
            n_msgs++;
        }
        if (!stopped) ws_send_payload(c, seq + 1);
        return;
    }
    if (seq == 0) {             /* a probe: is this connection subscribed? */
        cur_count += !c->probed;
        c->probed = 1;
        return;
    }
    if (mode == FANOUT) {
        if (seq <= c->last_seq) n_dup++;
        else c->last_seq = seq;
    }
    if (mode == DIRECT || seq == cur_seq) cur_count++;
    if (seq > warm_seq) {
        h_add(&h_latency, now_ns() - t);
        n_msgs++;
    }
}

/* Takes the whole frames out of what arrived: p is rbuf, after what is left from before in c->in. */
static void on_frames(ws_t *c, char *p, size_t n) {
    size_t used = 0;
    int joined = c->in.len > c->in.off;
    if (joined) {
        buf_add(&c->in, p, n);
        p = c->in.p + c->in.off;
        n = c->in.len - c->in.off;
    }
    while (c->state == OPEN) {
        unsigned char *q = (unsigned char *)p + used;
        uint64_t len;
        size_t left = n - used, hl = read_head(q, left, &len);
        if (!hl) break;
        if (q[0] & 0x70 || q[1] & 0x80) {
            n_proto_err++;
            ws_fail(c, "bad frame head");
            return;
        }
        if (left < hl + len) break;
        char *d = (char *)q + hl;
        int op = q[0] & 15, fin = q[0] & 0x80;
        used += hl + len;
        if (op == OP_PING) {
            ws_send(c, OP_PONG, d, len);
        } else if (op == OP_CLOSE) {
            ws_fail(c, "the server sent close");
            return;
        } else if (op == OP_PONG) {
            continue;
        } else if (op > OP_BINARY) {
            n_proto_err++;
            ws_fail(c, "unknown opcode");
            return;
        } else if (fin && op != 0) {
            on_message(c, d, len);
        } else {
            buf_add(&c->frag, d, len);
            if (fin) {
                on_message(c, c->frag.p, c->frag.len);
                buf_clear(&c->frag);
            }
        }
    }
    if (c->state != OPEN) return;
    if (!joined) {
        if (used < n) buf_add(&c->in, p + used, n - used);
    } else {
        c->in.off += (uint32_t)used;
        if (c->in.off == c->in.len) buf_free(&c->in);
    }
}

static void on_connected(ws_t *c) {
    int e = 0;
    socklen_t l = sizeof e;
    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &e, &l);
    if (e) {
        ws_fail(c, strerror(e));
        return;
    }
    uint32_t raw[4] = {rnd(), rnd(), rnd(), rnd()};
    char key[32], path[600], request[4096];
    base64((unsigned char *)raw, 16, key);
    ws_accept(key, strlen(key), c->accept);
    expand(path, sizeof path, ws_url.path, c->id, NULL, 0);
    int k = snprintf(request, sizeof request,
                     "GET %s HTTP/1.1\r\nHost: %s:%d\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Key: %s\r\nSec-WebSocket-Version: 13\r\n", path, ws_url.host, ws_url.port, key);
    buf_add(&c->out, request, (size_t)k);
    for (int i = 0; i < n_headers; i++) {
        buf_puts(&c->out, o_headers[i]);
        buf_puts(&c->out, "\r\n");
    }
    buf_puts(&c->out, "\r\n");
    c->state = HANDSHAKE;
    ws_flush(c);
}

static void on_handshake(ws_t *c, size_t n) {
    buf_add(&c->in, rbuf, n);
    char *p = c->in.p, *e = (char *)memmem(p, c->in.len, "\r\n\r\n", 4);
    if (!e) {
        if (c->in.len > 16384) ws_fail(c, "handshake answer too long");
        return;
    }
    size_t hl = (size_t)(e - p) + 4;
    if (strncmp(p, "HTTP/1.1 101", 12)) {
        char why[100];
        snprintf(why, sizeof why, "handshake refused: %.*s", (int)strcspn(p, "\r\n"), p);
        ws_fail(c, why);
    } else if (!header_is(p, hl, "Sec-WebSocket-Accept", c->accept)) {
        ws_fail(c, "wrong Sec-WebSocket-Accept");
    } else if (!header_is(p, hl, "Upgrade", "websocket")) {
        ws_fail(c, "no Upgrade: websocket");
    } else {
        size_t rest = c->in.len - hl;
        memcpy(rbuf, p + hl, rest);
        buf_free(&c->in);
        c->state = OPEN;
        n_connecting--;
        n_open++;
        h_add(&h_connect, now_ns() - c->t0);
        if (o_first) ws_send(c, OP_TEXT, xbuf, expand(xbuf, sizeof xbuf, o_first, c->id, NULL, 0));
        if (rest && c->state == OPEN) on_frames(c, rbuf, rest);
    }
}

static void ws_event(ws_t *c, uint32_t events) {
    if (c->fd < 0) return;
    if (c->state == CONNECTING) {
        on_connected(c);
        return;
    }
    if (events & EPOLLOUT) ws_flush(c);
    if (c->fd < 0 || !(events & (EPOLLIN | EPOLLERR | EPOLLHUP))) return;
    ssize_t r = recv(c->fd, rbuf, sizeof rbuf, 0);
    if (r < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (r <= 0) ws_fail(c, r ? strerror(errno) : "end of stream");
    else if (c->state == OPEN) on_frames(c, rbuf, (size_t)r);
    else on_handshake(c, (size_t)r);
}

/* ---- loop ---- */

static void poll_once(int ms) {
    struct epoll_event evs[512];
    int n = epoll_wait(ep, evs, 512, ms);
    for (int i = 0; i < n; i++) {
        uint64_t who = evs[i].data.u64;
        if (who & IS_PUBLISHER) pub_event((pub_t *)(uintptr_t)(who & ~(uint64_t)IS_PUBLISHER), evs[i].events);
        else ws_event((ws_t *)(uintptr_t)who, evs[i].events);
    }
}

static uint64_t after(double seconds) { return now_ns() + (uint64_t)(seconds * 1e9); }

static void run_for(double seconds) {
    uint64_t end = after(seconds);
    while (now_ns() < end) poll_once(5);
}

/* Opens all connections, at most --conc at once; returns the seconds it took. */
static double connect_all(void) {
    uint64_t start = now_ns(), give_up = after(o_timeout);
    int before = 0;
    while (n_open + n_closed + n_failed < o_n) {
        while (n_connecting < o_conc && n_to_start) ws_start(&conns[to_start[--n_to_start]]);
        poll_once(10);
        if (n_open != before) {
            before = n_open;
            give_up = after(o_timeout);
        } else if (now_ns() > give_up) {
            fprintf(stderr, "wsload: only %d of %d connected, nothing new for %.0f s\n", n_open, o_n, o_timeout);
            break;
        }
    }
    return (double)(now_ns() - start) / 1e9;
}

/* ---- the result ---- */

static double connect_seconds, connect_cpu_us;

/* Prints the result, with the members in extra (",...") as its last ones. */
static void report(const char *extra) {
    printf("{\"label\":\"%s\",\"mode\":\"%s\",\"n\":%d,\"open\":%d,\"failed\":%d,\"closed\":%d,\"size\":%zu,\"conn_per_s\":%.0f,"
           "\"conn_p50_us\":%.0f,\"conn_p99_us\":%.0f,\"connect_cpu_us\":%.1f",
           o_label, mode_names[mode], o_n, n_open, n_failed, n_closed, pub_to.size, n_open / connect_seconds, h_us(&h_connect, .5),
           h_us(&h_connect, .99), connect_cpu_us);
    if (mode != IDLE) {
        double wall = (double)(snap_b.t - snap_a.t) / 1e9;
        cpu_t c = server_cpu();
        printf(",\"wall_s\":%.3f,\"messages\":%lu,\"per_s\":%.0f,\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f",
               wall, n_msgs, wall > 0 ? (double)n_msgs / wall : 0, h_us(&h_latency, .5), h_us(&h_latency, .9), h_us(&h_latency, .99),
               (double)h_latency.max / 1e3);
        printf(",\"cpu_s\":%.3f,\"cpu_user_s\":%.3f,\"cpu_sys_s\":%.3f", c.user + c.sys, c.user, c.sys);
        if (n_msgs) printf(",\"cpu_us_per_msg\":%.3f", (c.user + c.sys) * 1e6 / (double)n_msgs);
        printf(",\"server_cpu_busy_s\":%.2f,\"load_cpu_busy_s\":%.2f,\"gen_cpu_s\":%.3f", snap_b.server_cpu - snap_a.server_cpu,
               snap_b.load_cpu - snap_a.load_cpu, snap_b.own - snap_a.own);
        printf(",\"other\":%lu,\"dup\":%lu,\"proto_err\":%lu,\"pub_ok\":%lu,\"pub_err\":%lu", n_other, n_dup, n_proto_err, pub_to.ok,
               pub_to.err);
    }
    printf("%s}\n", extra);
    fflush(stdout);
}

static void do_idle(mem_t before, double slab_before) {
    char extra[400];
    mem_t m = process_mem(pids, n_pids);
    snprintf(extra, sizeof extra,
             ",\"rss_before\":%.0f,\"rss_after\":%.0f,\"rss_per_conn\":%.0f,\"pss_per_conn\":%.0f,\"slab_per_conn_both_ends\":%.0f",
             before.rss, m.rss, (m.rss - before.rss) / n_open, (m.pss - before.pss) / n_open, (kernel_slab() - slab_before) / n_open);
    report(extra);
}

/* The counted part of a run begins. */
static void begin(void) {
    pub_to.ok = pub_to.err = 0;
    snap(&snap_a);
}

/* Publishes probes until every connection is known to be subscribed; returns how many are. */
static uint64_t probe(void) {
    for (int i = 0; i < 40 && cur_count < (uint64_t)n_open; i++) {
        if (!pubs[0].busy) pub_send(&pubs[0], now_ns(), 0, 0);
        uint64_t end = after(0.5);
        while (now_ns() < end && (cur_count < (uint64_t)n_open || pubs[0].busy)) poll_once(10);
    }
    uint64_t subscribed = cur_count;
    if (subscribed < (uint64_t)n_open) fprintf(stderr, "wsload: only %lu of %d connections got a probe\n", subscribed, n_open);
    run_for(0.5);
    return subscribed;
}

/* The next publish goes out when all have the last one and it was answered. Returns how many deliveries never came. */
static uint64_t fanout_closed_loop(uint64_t want, int *stalls) {
    uint64_t end = 0, give_up = 0, missing = 0;
    cur_count = want;
    for (;;) {
        if (want > (uint64_t)n_open) want = (uint64_t)n_open;
        if (cur_count >= want && !pubs[0].busy) {
            if (cur_seq == warm_seq) {
                begin();
                end = after(o_dur);
            }
            if (cur_seq > warm_seq && now_ns() >= end) return missing;
            cur_count = 0;
            give_up = after(o_timeout);
            pub_send(&pubs[0], now_ns(), ++cur_seq, 0);
        }
        poll_once(100);
        if (now_ns() > give_up) {
            missing += want > cur_count ? want - cur_count : 0;
            if (++*stalls >= 2) return missing;
            cur_count = want;
            pubs[0].busy = 0;
        }
    }
}

/* A publish is due every 1/rate seconds; its latency counts from then, so that waiting behind a late one is in it. */
static uint64_t fanout_fixed_rate(uint64_t want) {
    uint64_t gap = (uint64_t)(1e9 / o_rate), due = now_ns() + 10000000ull, seen = 0, give_up = 0;
    uint32_t counted = (uint32_t)(o_rate * o_dur), total = warm_seq + counted;
    for (;;) {
        if (cur_seq < total && now_ns() >= due && !pubs[0].busy) {
            if (cur_seq == warm_seq) begin();
            cur_count = 0;
            pub_send(&pubs[0], due, ++cur_seq, 0);
            due += gap;
            give_up = after(o_timeout);
            continue;
        }
        poll_once(cur_seq == total || pubs[0].busy ? 10 : due > now_ns() + 1500000 ? 1 : 0);
        if (n_msgs != seen) {
            seen = n_msgs;
            give_up = after(o_timeout);
        }
        if (cur_seq < total) continue;
        if ((n_msgs >= want * counted && !pubs[0].busy) || now_ns() > give_up)
            return want * counted > n_msgs ? want * counted - n_msgs : 0;
    }
}

static void do_fanout(void) {
    char extra[200];
    int stalls = 0;
    uint64_t want = probe();
    if (!want) {
        report(",\"error\":\"no deliveries\"");
        return;
    }
    warm_seq = (uint32_t)(o_warm < 0 ? 20 : o_warm);
    uint64_t missing = o_rate > 0 ? fanout_fixed_rate(want) : fanout_closed_loop(want, &stalls);
    snap(&snap_b);
    snprintf(extra, sizeof extra, ",\"subscribed\":%lu,\"published\":%u,\"rate\":%.1f,\"missing\":%lu,\"stalls\":%d", want,
             cur_seq - warm_seq, o_rate, missing, stalls);
    report(extra);
}

/* Keeps --pub-conns publishes in flight, each to the next connection in turn: a second to warm up, then -d seconds. */
static void do_direct(void) {
    uint64_t end = after(1);
    uint32_t seq = 0, next = 0;
    int warming = 1;
    warm_seq = UINT32_MAX;
    for (;;) {
        if (now_ns() >= end) {
            if (!warming) break;
            warming = 0;
            warm_seq = seq;
            begin();
            end = after(o_dur);
        }
        for (int i = 0; i < o_pub_conns && n_open; i++) {
            if (pubs[i].busy) continue;
            while (conns[next % (uint32_t)o_n].state != OPEN) next++;
            pub_send(&pubs[i], now_ns(), ++seq, (int)(next++ % (uint32_t)o_n));
        }
        poll_once(20);
    }
    snap(&snap_b);
    report("");
}

static void do_roundtrip(void) {
    char extra[64];
    for (int w = 0; w < o_in_flight; w++)
        for (int i = 0; i < o_n; i++)
            if (conns[i].state == OPEN) ws_send_payload(&conns[i], 1);
    run_for(o_warm < 0 ? 1 : o_warm);
    counting = 1;
    begin();
    run_for(o_dur);
    snap(&snap_b);
    snprintf(extra, sizeof extra, ",\"in_flight\":%d", o_in_flight);
    report(extra);
    counting = 0;
    stopped = 1;
    run_for(0.3);
}

/* ---- command line ---- */

static void parse_options(int argc, char **argv) {
    static const struct option names[] = {
        {"url", 1, 0, 'u'},      {"header", 1, 0, 'H'},     {"first", 1, 0, 'f'},    {"conc", 1, 0, 'c'},   {"src", 1, 0, 'S'},
        {"settle", 1, 0, 'e'},   {"pids", 1, 0, 'p'},       {"cpus", 1, 0, 'C'},     {"label", 1, 0, 'l'},  {"pub-url", 1, 0, 'U'},
        {"pub-header", 1, 0, 'P'}, {"pub-body", 1, 0, 'b'}, {"rate", 1, 0, 'r'},     {"warm", 1, 0, 'W'},   {"timeout", 1, 0, 't'},
        {"pub-conns", 1, 0, 'k'}, {"msg", 1, 0, 'm'},       {0, 0, 0, 0}};
    if (argc < 2) usage();
    for (mode = IDLE; strcmp(argv[1], mode_names[mode]); mode++)
        if (mode == ROUNDTRIP) usage();
    optind = 2;
    int o;
    while ((o = getopt_long(argc, argv, "n:s:d:w:", names, NULL)) != -1) switch (o) {
        case 'u': parse_url(&ws_url, optarg, "ws://"); break;
        case 'H': if (n_headers < 32) o_headers[n_headers++] = optarg; break;
        case 'f': o_first = optarg; break;
        case 'c': o_conc = atoi(optarg); break;
        case 'S': o_src = atoi(optarg); break;
        case 'e': o_settle = atof(optarg); break;
        case 'p':
            for (char *t = strtok(optarg, ","); t && n_pids < 64; t = strtok(NULL, ",")) pids[n_pids++] = atoi(t);
            break;
        case 'C': if (sscanf(optarg, "%d,%d", &o_server_cpu, &o_load_cpu) != 2) usage(); break;
        case 'l': o_label = optarg; break;
        case 'U': parse_url(&pub_to.url, optarg, "http://"); break;
        case 'P': if (pub_to.n_headers < 32) pub_to.headers[pub_to.n_headers++] = optarg; break;
        case 'b': pub_to.body = optarg; break;
        case 'r': o_rate = atof(optarg); break;
        case 'W': o_warm = atof(optarg); break;
        case 't': o_timeout = atof(optarg); break;
        case 'k': o_pub_conns = atoi(optarg); break;
        case 'm': o_msg = optarg; break;
        case 'n': o_n = atoi(optarg); break;
        case 's': pub_to.size = (size_t)atoi(optarg); break;
        case 'd': o_dur = atof(optarg); break;
        case 'w': o_in_flight = atoi(optarg); break;
        default: usage();
    }
    if (!ws_url.port || o_n < 1 || o_pub_conns < 1) usage();
    if ((mode == FANOUT || mode == DIRECT) && !pub_to.url.port) usage();
}

int main(int argc, char **argv) {
    parse_options(argc, argv);
    raise_nofile();
    signal(SIGPIPE, SIG_IGN);
    rng ^= (uint32_t)now_ns() | 1;
    ep = epoll_create1(EPOLL_CLOEXEC);
    conns = (ws_t *)calloc((size_t)o_n, sizeof *conns);
    to_start = (int *)calloc((size_t)o_n, sizeof *to_start);
    pubs = (pub_t *)calloc((size_t)o_pub_conns, sizeof *pubs);
    if (!conns || !to_start || !pubs) die("out of memory");
    for (int i = 0; i < o_pub_conns; i++) pubs[i].fd = -1;
    for (int i = 0; i < o_n; i++) {
        conns[i].id = i;
        conns[i].fd = -1;
        to_start[n_to_start++] = o_n - 1 - i;
    }

    mem_t mem_before = process_mem(pids, n_pids);
    double slab_before = kernel_slab();
    snap(&snap_a);
    connect_seconds = connect_all();
    snap(&snap_b);
    cpu_t c = server_cpu();
    connect_cpu_us = n_open ? (c.user + c.sys) * 1e6 / n_open : 0;
    fprintf(stderr, "%s: connected %d of %d in %.2f s\n", o_label, n_open, o_n, connect_seconds);
    if (!n_open) {
        report(",\"error\":\"no connection\"");
        return 1;
    }
    run_for(o_settle);
    switch (mode) {
        case IDLE: do_idle(mem_before, slab_before); break;
        case FANOUT: do_fanout(); break;
        case DIRECT: do_direct(); break;
        case ROUNDTRIP: do_roundtrip(); break;
    }
    for (int i = 0; i < o_n; i++)
        if (conns[i].state == OPEN) ws_send(&conns[i], OP_CLOSE, "\x03\xe8", 2);
    return 0;
}
