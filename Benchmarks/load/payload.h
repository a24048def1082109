/* URLs, templates, and the payload by which a message is known again. */
#ifndef BENCH_PAYLOAD_H
#define BENCH_PAYLOAD_H
#include "common.h"

typedef struct {
    char host[64], path[512];
    int port;
} url_t;

static void parse_url(url_t *u, const char *text, const char *scheme) {
    size_t k = strlen(scheme);
    if (strncmp(text, scheme, k)) die("URL must start with %s", scheme);
    text += k;
    size_t h = strcspn(text, ":/");
    if (h >= sizeof u->host) die("host too long");
    memcpy(u->host, text, h);
    if (!strcmp(u->host, "localhost")) strcpy(u->host, "127.0.0.1");
    if (strncmp(u->host, "127.", 4)) die("only loopback addresses (127.x.y.z)");
    text += h;
    u->port = *text == ':' ? (int)strtol(text + 1, (char **)&text, 10) : 80;
    snprintf(u->path, sizeof u->path, "%s", *text ? text : "/");
}

/* Replaces %d and {I} by a connection's number and {P} by the payload. */
static size_t expand(char *out, size_t cap, const char *t, int id, const char *payload, size_t len) {
    char num[16];
    size_t o = 0, nl = (size_t)snprintf(num, sizeof num, "%d", id);
    while (*t) {
        const char *add = t;
        size_t n = 1, skip = 1;
        if (!strncmp(t, "%d", 2)) add = num, n = nl, skip = 2;
        else if (!strncmp(t, "{I}", 3)) add = num, n = nl, skip = 3;
        else if (payload && !strncmp(t, "{P}", 3)) add = payload, n = len, skip = 3;
        if (o + n + 1 > cap) die("message too long");
        memcpy(out + o, add, n);
        o += n;
        t += skip;
    }
    out[o] = 0;
    return o;
}

/* "@T", a time as 19 digits of nanoseconds, "#", a number of 8 digits, "#", then x up to the size wanted; at least 31 bytes. */
static char payload[1 << 20];
static size_t make_payload(uint64_t t, uint32_t seq, size_t size) {
    if (size < 31) size = 31;
    if (size >= sizeof payload) die("payload too long");
    int k = snprintf(payload, sizeof payload, "@T%019llu#%08u#", (unsigned long long)t, seq);
    memset(payload + k, 'x', size - (size_t)k);
    return size;
}

/* Finds a payload in a message, which may have wrapped it. */
static int parse_payload(const char *p, size_t n, uint64_t *t, uint32_t *seq) {
    const char *q = n < 31 ? NULL : (const char *)memmem(p, n < 600 ? n : 600, "@T", 2);
    if (!q || p + n - q < 31) return 0;
    *t = *seq = 0;
    for (int i = 2; i < 21; i++) {
        if (q[i] < '0' || q[i] > '9') return 0;
        *t = *t * 10 + (uint64_t)(q[i] - '0');
    }
    for (int i = 22; i < 30; i++) *seq = *seq * 10 + (uint32_t)(q[i] - '0');
    return 1;
}
#endif
