/* wsload: WebSocket load generator. One epoll thread, loopback addresses only. What it counts is in ../README.md.
 * Lines for people go to stderr, one JSON object to stdout. */
#include "client.h"
#include <getopt.h>

static void usage(void) {
    fputs(
"wsload idle|connect|fanout|direct|publish|roundtrip --url ws://127.0.0.1:PORT/PATH -n N [options]\n"
"wsload can tls|deflate     succeeds when it was built with that\n"
"connections:\n"
"  --url U            %d in the path is the connection's number; wss:// for TLS\n"
"  --deflate          ask for permessage-deflate, and use it both ways\n"
"  --header 'K: V'    extra request header (may be given several times)\n"
"  --first TEXT       text message to send once open (%d as above)\n"
"  --conc C           handshakes in flight at once (128)\n"
"  --src K            spread over K source addresses 127.0.0.2..., for more than about 28,000 connections\n"
"  --settle S         seconds to wait once all are connected (1)\n"
"  --pids a,b,...     the server's processes: their CPU time and memory are read from /proc\n"
"  --aside a,b,...    processes whose CPU time is told apart, such as a broker between two servers\n"
"  --cpus S,L         the server's and the load's processors (0,1); -1: not looked at\n"
"  --label TEXT       copied into the result\n"
"  --timeout S        for what does not come (10)\n"
"connect: opens all, closes all, and so on for -d SECONDS (5)\n"
"fanout (all connections get each publication), direct (one connection gets it), publish (nobody does; no connections at all):\n"
"  --pub-url URL  --pub-header 'K: V'  --pub-body TEMPLATE\n"
"                     in URL and body {P} is the payload, {I} the connection's number, {C} what the server named it: the text\n"
"                     message \"@id NAME\" that it sent\n"
"  --batch B          publications that go out at once (1): as B requests, or with\n"
"  --pub-item TEMPLATE  as B items in one request, where the body has {ITEMS}\n"
"  -s BYTES (64)  -d SECONDS (5)  --warm N (not counted; fanout: publications, 20; else seconds, 1)\n"
"  --rate R           fanout: publishes a second (0 = the next one when all have the last one)\n"
"  --pub-conns K      direct: publishes in flight (16); for publish that is -n\n"
"roundtrip (each connection sends a message, and the next one when the reply is there):\n"
"  --msg TEMPLATE ({P}; also %d)  -s BYTES (64)  -w IN_FLIGHT (1)  -d SECONDS (5)  --warm SECONDS (1)\n", stderr);
    exit(2);
}

/* ---- options and state ---- */

enum mode { IDLE, CONNECT, FANOUT, DIRECT, PUBLISH, ROUNDTRIP };
static const char *const mode_names[] = {"idle", "connect", "fanout", "direct", "publish", "roundtrip"};
static enum mode mode;
static const char *o_msg = "{P}", *o_label = "";
static int o_in_flight = 1, o_pub_conns = 16, o_server_cpu = 0, o_load_cpu = 1;
static double o_settle = 1, o_dur = 5, o_rate, o_warm = -1, o_timeout = 10;
static pid_t pids[64], aside[8];
static int n_pids, n_aside;

static pub_t *pubs;

/* what is counted */
static hist_t h_latency;
static uint64_t n_msgs, n_other, n_dup, n_wrong, n_plain;
static int counting, stopped;               /* roundtrip: count replies; send no more */
static uint32_t cur_seq, warm_seq;          /* number of the latest publication; those up to warm_seq are not counted */
static uint64_t cur_count;                  /* how many deliveries there were of the latest batch */

/* ---- a moment: what the CPU counters say ---- */

typedef struct {
    uint64_t t;
    cpu_t c[64], aside[8];
    double server_cpu, load_cpu, own;
} snap_t;
static snap_t snap_a, snap_b;

static void snap(snap_t *s) {
    for (int i = 0; i < n_pids; i++) s->c[i] = process_cpu(pids[i]);
    for (int i = 0; i < n_aside; i++) s->aside[i] = process_cpu(aside[i]);
    s->server_cpu = cpu_busy(o_server_cpu);
    s->load_cpu = cpu_busy(o_load_cpu);
    s->own = own_cpu();
    s->t = now_ns();
}

static cpu_t server_cpu(void) {
    cpu_t c = {0, 0, 0};
    for (int i = 0; i < n_pids; i++) {
        c.all += snap_b.c[i].all - snap_a.c[i].all;
        c.user += snap_b.c[i].user - snap_a.c[i].user;
        c.sys += snap_b.c[i].sys - snap_a.c[i].sys;
    }
    return c;
}

static double aside_cpu(void) {
    double all = 0;
    for (int i = 0; i < n_aside; i++) all += snap_b.aside[i].all - snap_a.aside[i].all;
    return all;
}

static double snap_seconds(void) { return (double)(snap_b.t - snap_a.t) / 1e9; }

/* ---- messages ---- */

static void ws_send_payload(ws_t *c, uint32_t seq) {
    size_t len = make_payload(now_ns(), seq, pub_to.size);
    ws_send(c, OP_TEXT, xbuf, expand(xbuf, sizeof xbuf, o_msg, (fill_t){c->id, NULL, payload, len}));
}

static void on_message(ws_t *c, const char *p, size_t n, int deflated) {
    uint64_t t;
    uint32_t seq;
    const char *found = parse_payload(p, n, &t, &seq);
    if (!found) {
        n_other++;
        if (n > 4 && !memcmp(p, "@id ", 4) && !c->name) c->name = strndup(p + 4, n - 4);
        return;
    }
    /* Every byte is compared in one message of 64, and in all that were compressed, where it is next to nothing. */
    if ((o_deflate || n_msgs % 64 == 0) && !same_payload(found, (size_t)(p + n - found), seq, pub_to.size)) n_wrong++;
    if (o_deflate && !deflated && n >= DEFLATE_FROM) n_plain++;
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
    if (mode == DIRECT || seq + (uint32_t)pub_to.batch > cur_seq) cur_count++;
    if (seq > warm_seq) {
        h_add(&h_latency, now_ns() - t);
        n_msgs++;
    }
}

/* ---- the result ---- */

static double connect_seconds, connect_cpu_us, close_cpu_us;
static uint64_t n_connects;

/* Prints the result, with the members in extra (",...") as its last ones. */
static void report(const char *extra) {
    printf("{\"label\":\"%s\",\"mode\":\"%s\",\"n\":%d,\"open\":%d,\"failed\":%d,\"closed\":%d,\"size\":%zu", o_label, mode_names[mode], o_n,
           n_open, n_failed, n_closed, pub_to.size);
    if (n_connects)
        printf(",\"conn_per_s\":%.0f,\"conn_p50_us\":%.0f,\"conn_p99_us\":%.0f,\"connect_cpu_us\":%.2f", (double)n_connects / connect_seconds,
               h_us(&h_connect, .5), h_us(&h_connect, .99), connect_cpu_us);
    if (mode != IDLE && mode != CONNECT) {
        double wall = snap_seconds();
        cpu_t c = server_cpu();
        printf(",\"wall_s\":%.3f,\"messages\":%lu,\"per_s\":%.0f,\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"max_us\":%.1f",
               wall, n_msgs, wall > 0 ? (double)n_msgs / wall : 0, h_us(&h_latency, .5), h_us(&h_latency, .9), h_us(&h_latency, .99),
               (double)h_latency.max / 1e3);
        printf(",\"cpu_s\":%.4f,\"cpu_user_s\":%.3f,\"cpu_sys_s\":%.3f", c.all, c.user, c.sys);
        if (n_msgs) printf(",\"cpu_us_per_msg\":%.3f", c.all * 1e6 / (double)n_msgs);
        if (n_msgs && n_aside) printf(",\"aside_cpu_us_per_msg\":%.3f", aside_cpu() * 1e6 / (double)n_msgs);
        printf(",\"server_cpu_busy_s\":%.2f,\"load_cpu_busy_s\":%.2f,\"gen_cpu_s\":%.3f", snap_b.server_cpu - snap_a.server_cpu,
               snap_b.load_cpu - snap_a.load_cpu, snap_b.own - snap_a.own);
        printf(",\"other\":%lu,\"dup\":%lu,\"wrong\":%lu,\"uncompressed\":%lu,\"proto_err\":%lu,\"pub_ok\":%lu,\"pub_err\":%lu", n_other, n_dup, n_wrong, n_plain,
               n_proto_err, pub_to.ok, pub_to.err);
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

/* ---- connect ---- */

static double server_seconds(void) {
    snap(&snap_b);
    double seconds = server_cpu().all;
    snap_a = snap_b;
    return seconds;
}

/* Waves of connections: all open, then all close. The first wave (which main has opened) is not counted. What the server still has
 * to do after the last handshake counts as opening, after the last close as closing. */
static void do_connect(void) {
    double opening = 0, closed_cpu = 0, wall = 0, load = 0;
    char extra[200];
    uint64_t end = after(o_dur);
    close_all(o_timeout);
    run_for(0.1);
    memset(&h_connect, 0, sizeof h_connect);
    n_connects = 0;
    connect_seconds = 0;
    snap(&snap_a);
    while (now_ns() < end || !n_connects) {
        double busy = snap_a.load_cpu;
        double seconds = connect_all(o_timeout);
        snap(&snap_b);
        wall += seconds;
        load += snap_b.load_cpu - busy;
        run_for(0.03);
        opening += server_seconds();
        connect_seconds += seconds;
        if (!n_open) break;
        n_connects += (uint64_t)n_open;
        close_all(o_timeout);
        run_for(0.03);
        closed_cpu += server_seconds();
    }
    if (n_connects) {
        connect_cpu_us = opening * 1e6 / (double)n_connects;
        close_cpu_us = closed_cpu * 1e6 / (double)n_connects;
    }
    snprintf(extra, sizeof extra, ",\"connects\":%lu,\"close_cpu_us\":%.2f,\"wall_s\":%.3f,\"cpu_s\":%.4f,\"server_cpu_busy_s\":%.4f,"
             "\"load_cpu_busy_s\":%.2f", n_connects, close_cpu_us, wall, opening, opening, load);
    report(extra);
}

/* ---- fanout ---- */

static void publish_next(uint64_t stamp) {
    cur_count = 0;
    cur_seq += (uint32_t)pub_to.batch;
    pub_send(&pubs[0], stamp, cur_seq - (uint32_t)pub_to.batch + 1, 0, NULL);
}

/* Publishes probes until every connection is known to be subscribed; returns how many are. */
static uint64_t probe(void) {
    int batch = pub_to.batch;
    for (int i = 0; i < 40 && cur_count < (uint64_t)n_open; i++) {
        pub_to.batch = 1;
        if (!pubs[0].busy) pub_send(&pubs[0], now_ns(), 0, 0, NULL);
        uint64_t end = after(0.5);
        while (now_ns() < end && (cur_count < (uint64_t)n_open || pubs[0].busy)) poll_once(10);
    }
    pub_to.batch = batch;
    uint64_t subscribed = cur_count;
    if (subscribed < (uint64_t)n_open) fprintf(stderr, "wsload: only %lu of %d connections got a probe\n", subscribed, n_open);
    run_for(0.2);
    return subscribed;
}

/* The next batch goes out when all have the last one and it was answered. Returns how many deliveries never came. */
static uint64_t fanout_closed_loop(uint64_t want, int *stalls) {
    uint64_t end = 0, give_up = 0, missing = 0, batch = (uint64_t)pub_to.batch;
    cur_count = want * batch;
    for (;;) {
        if (want > (uint64_t)n_open) want = (uint64_t)n_open;
        if (cur_count >= want * batch && !pubs[0].busy) {
            if (cur_seq == warm_seq) {
                begin();
                end = after(o_dur);
            }
            if (cur_seq > warm_seq && now_ns() >= end) return missing;
            give_up = after(o_timeout);
            publish_next(now_ns());
        }
        poll_once(100);
        if (now_ns() > give_up) {
            missing += want * batch > cur_count ? want * batch - cur_count : 0;
            if (++*stalls >= 2) return missing;
            cur_count = want * batch;
            pubs[0].busy = 0;
        }
    }
}

/* A batch is due every 1/rate seconds; its latency counts from then, so that waiting behind a late one is in it. */
static uint64_t fanout_fixed_rate(uint64_t want) {
    uint64_t gap = (uint64_t)(1e9 / o_rate), due = now_ns() + 10000000ull, seen = 0, give_up = 0;
    uint32_t counted = (uint32_t)(o_rate * o_dur) * (uint32_t)pub_to.batch, total = warm_seq + counted;
    for (;;) {
        if (cur_seq < total && now_ns() >= due && !pubs[0].busy) {
            if (cur_seq == warm_seq) begin();
            publish_next(due);
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
    warm_seq = (uint32_t)(o_warm < 0 ? 20 : o_warm) * (uint32_t)pub_to.batch;
    uint64_t missing = o_rate > 0 ? fanout_fixed_rate(want) : fanout_closed_loop(want, &stalls);
    snap(&snap_b);
    snprintf(extra, sizeof extra, ",\"subscribed\":%lu,\"published\":%u,\"batch\":%d,\"rate\":%.1f,\"missing\":%lu,\"stalls\":%d", want,
             cur_seq - warm_seq, pub_to.batch, o_rate, missing, stalls);
    report(extra);
}

/* ---- direct and publish ---- */

/* Keeps --pub-conns publishes in flight, each to the next connection in turn (PUBLISH: to none): --warm seconds, then -d seconds. */
static void do_direct(void) {
    uint64_t end = after(o_warm < 0 ? 1 : o_warm);
    uint32_t seq = 1, next = 0;
    int warming = 1, named = strstr(pub_to.url.path, "{C}") || strstr(pub_to.body, "{C}");
    for (int i = 0; named && i < o_n; i++)
        if (conns[i].state == OPEN && !conns[i].name) {
            report(",\"error\":\"a connection was not told its name\"");
            return;
        }
    warm_seq = UINT32_MAX;
    for (;;) {
        if (now_ns() >= end) {
            if (!warming) break;
            warming = 0;
            warm_seq = seq - 1;
            if (mode == PUBLISH) pub_to.latency = &h_latency;
            begin();
            end = after(o_dur);
        }
        for (int i = 0; i < o_pub_conns && (n_open || mode == PUBLISH); i++) {
            if (pubs[i].busy) continue;
            ws_t *to = NULL;
            while (mode == DIRECT && (to = &conns[next % (uint32_t)o_n])->state != OPEN) next++;
            pub_send(&pubs[i], now_ns(), seq, to ? to->id : (int)(next % 1000), to ? to->name : NULL);
            seq += (uint32_t)pub_to.batch;
            next++;
        }
        poll_once(20);
    }
    snap(&snap_b);
    if (mode == PUBLISH) n_msgs = pub_to.ok;
    report("");
}

/* ---- roundtrip ---- */

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

/* wsload can FEATURE */
static int can(const char *feature) {
#ifdef WITH_TLS
    if (!strcmp(feature, "tls")) return 1;
#endif
#ifdef WITH_DEFLATE
    if (!strcmp(feature, "deflate")) return 1;
#endif
    return !*feature;
}

static void parse_options(int argc, char **argv) {
    static const struct option names[] = {
        {"url", 1, 0, 'u'},      {"header", 1, 0, 'H'},     {"first", 1, 0, 'f'},    {"conc", 1, 0, 'c'},   {"src", 1, 0, 'S'},
        {"settle", 1, 0, 'e'},   {"pids", 1, 0, 'p'},       {"cpus", 1, 0, 'C'},     {"label", 1, 0, 'l'},  {"pub-url", 1, 0, 'U'},
        {"pub-header", 1, 0, 'P'}, {"pub-body", 1, 0, 'b'}, {"rate", 1, 0, 'r'},     {"warm", 1, 0, 'W'},   {"timeout", 1, 0, 't'},
        {"pub-conns", 1, 0, 'k'}, {"msg", 1, 0, 'm'},       {"pub-item", 1, 0, 'i'}, {"batch", 1, 0, 'B'},  {"deflate", 0, 0, 'z'},
        {"aside", 1, 0, 'a'},    {0, 0, 0, 0}};
    if (argc < 2) usage();
    if (argc == 3 && !strcmp(argv[1], "can")) exit(!can(argv[2]));
    for (mode = IDLE; strcmp(argv[1], mode_names[mode]); mode++)
        if (mode == ROUNDTRIP) usage();
    optind = 2;
    int o;
    while ((o = getopt_long(argc, argv, "n:s:d:w:", names, NULL)) != -1) switch (o) {
        case 'u': parse_url(&ws_url, optarg, "ws"); break;
        case 'H': if (n_headers < 32) o_headers[n_headers++] = optarg; break;
        case 'f': o_first = optarg; break;
        case 'c': o_conc = atoi(optarg); break;
        case 'S': o_src = atoi(optarg); break;
        case 'e': o_settle = atof(optarg); break;
        case 'z': o_deflate = 1; break;
        case 'p':
            for (char *t = strtok(optarg, ","); t && n_pids < 64; t = strtok(NULL, ",")) pids[n_pids++] = atoi(t);
            break;
        case 'a':
            for (char *t = strtok(optarg, ","); t && n_aside < 8; t = strtok(NULL, ",")) aside[n_aside++] = atoi(t);
            break;
        case 'C': if (sscanf(optarg, "%d,%d", &o_server_cpu, &o_load_cpu) != 2) usage(); break;
        case 'l': o_label = optarg; break;
        case 'U': parse_url(&pub_to.url, optarg, "http"); break;
        case 'P': if (pub_to.n_headers < 32) pub_to.headers[pub_to.n_headers++] = optarg; break;
        case 'b': pub_to.body = optarg; break;
        case 'i': pub_to.item = optarg; break;
        case 'B': pub_to.batch = atoi(optarg); break;
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
    if (o_n < 1 || o_pub_conns < 1 || pub_to.batch < 1) usage();
    if (mode != PUBLISH && !ws_url.port) usage();
    if ((mode == FANOUT || mode == DIRECT || mode == PUBLISH) && (!pub_to.url.port || pub_to.url.tls)) usage();
    if (ws_url.tls && !can("tls")) die("wsload was built without TLS (libssl-dev)");
    if (o_deflate && !can("deflate")) die("wsload was built without permessage-deflate (zlib1g-dev)");
    if (mode == PUBLISH) o_pub_conns = o_n;
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
    if (mode == PUBLISH) {
        do_direct();
        return 0;
    }

    mem_t mem_before = process_mem(pids, n_pids);
    double slab_before = kernel_slab();
    snap(&snap_a);
    connect_seconds = connect_all(o_timeout);
    snap(&snap_b);
    n_connects = (uint64_t)n_open;
    connect_cpu_us = n_open ? server_cpu().all * 1e6 / n_open : 0;
    fprintf(stderr, "%s: connected %d of %d in %.2f s\n", o_label, n_open, o_n, connect_seconds);
    if (!n_open) {
        report(",\"error\":\"no connection\"");
        return 1;
    }
    run_for(o_settle);
    switch (mode) {
        case IDLE: do_idle(mem_before, slab_before); break;
        case CONNECT: do_connect(); return 0;
        case FANOUT: do_fanout(); break;
        case DIRECT:
        case PUBLISH: do_direct(); break;
        case ROUNDTRIP: do_roundtrip(); break;
    }
    close_all(0.5);
    return 0;
}
