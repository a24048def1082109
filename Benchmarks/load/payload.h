/* URLs, templates, and the payload by which a message is known again. */
#ifndef BENCH_PAYLOAD_H
#define BENCH_PAYLOAD_H
#include "common.h"

typedef struct {
    char host[64], path[512];
    int port, tls;
} url_t;

/* scheme is "ws" or "http"; with an s behind it the URL asks for TLS. */
static void parse_url(url_t *u, const char *text, const char *scheme) {
    size_t k = strlen(scheme);
    if (strncmp(text, scheme, k)) die("URL must start with %s://", scheme);
    text += k;
    if ((u->tls = *text == 's')) text++;
    if (strncmp(text, "://", 3)) die("URL must start with %s://", scheme);
    text += 3;
    size_t h = strcspn(text, ":/");
    if (h >= sizeof u->host) die("host too long");
    memcpy(u->host, text, h);
    u->host[h] = 0;
    if (!strcmp(u->host, "localhost")) strcpy(u->host, "127.0.0.1");
    if (strncmp(u->host, "127.", 4)) die("only loopback addresses (127.x.y.z)");
    text += h;
    u->port = *text == ':' ? (int)strtol(text + 1, (char **)&text, 10) : u->tls ? 443 : 80;
    snprintf(u->path, sizeof u->path, "%s", *text ? text : "/");
}

/* What stands in a template's places: %d and {I} are the number, {C} the name, {P} the payload. */
typedef struct {
    int number;
    const char *name, *payload;
    size_t len;
} fill_t;

/* Fills a template in. Places that the filling has nothing for stay as they are. */
static size_t expand(char *out, size_t cap, const char *t, fill_t f) {
    char num[16];
    size_t o = 0, nl = (size_t)snprintf(num, sizeof num, "%d", f.number);
    while (*t) {
        size_t n = strcspn(t, "%{"), skip = n;
        const char *add = t;
        if (n == 0) {
            n = skip = 1;
            if (!strncmp(t, "%d", 2)) add = num, n = nl, skip = 2;
            else if (!strncmp(t, "{I}", 3)) add = num, n = nl, skip = 3;
            else if (f.name && !strncmp(t, "{C}", 3)) add = f.name, n = strlen(f.name), skip = 3;
            else if (f.payload && !strncmp(t, "{P}", 3)) add = f.payload, n = f.len, skip = 3;
        }
        if (o + n + 1 > cap) die("message too long");
        memcpy(out + o, add, n);
        o += n;
        t += skip;
    }
    out[o] = 0;
    return o;
}

/* Words that compress about as well as the JSON of a chat does, and need no escapes in JSON. */
static const char *filling(void) {
    static const char *const words[] = {"the ", "message ", "of ", "user ", "seven ", "room ", "is ", "now ", "12 ", "2048 ", "open ",
                                        "held ", "fast ", "and ", "late ", "count "};
    static char text[1 << 20];
    static size_t n;
    for (uint32_t r = 1; n < sizeof text - 16;) {
        r = r * 1664525u + 1013904223u;
        const char *word = words[r >> 28];
        memcpy(text + n, word, strlen(word));
        n += strlen(word);
    }
    return text;
}
enum { FILLINGS = 8191 };   /* a message's filling begins at its number modulo this */

/* "@T", a time as 19 digits of nanoseconds, "#", the number of 8 digits, "#", then words up to the size wanted; at least 31 bytes. */
static char payload[1 << 19];
static size_t make_payload(uint64_t t, uint32_t seq, size_t size) {
    if (size < 31) size = 31;
    if (size >= sizeof payload) die("payload too long");
    int k = snprintf(payload, sizeof payload, "@T%019llu#%08u#", (unsigned long long)t, seq);
    memcpy(payload + k, filling() + seq % FILLINGS, size - (size_t)k);
    return size;
}

/* Finds a payload in a message, which may have wrapped it. */
static const char *parse_payload(const char *p, size_t n, uint64_t *t, uint32_t *seq) {
    const char *q = n < 31 ? NULL : (const char *)memmem(p, n < 600 ? n : 600, "@T", 2);
    if (!q || p + n - q < 31) return NULL;
    *t = *seq = 0;
    for (int i = 2; i < 21; i++) {
        if (q[i] < '0' || q[i] > '9') return NULL;
        *t = *t * 10 + (uint64_t)(q[i] - '0');
    }
    for (int i = 22; i < 30; i++) *seq = *seq * 10 + (uint32_t)(q[i] - '0');
    return q;
}

/* Whether the payload at p, of which n bytes are there, is the one that was made with this number and size. */
static int same_payload(const char *p, size_t n, uint32_t seq, size_t size) {
    if (size < 31) size = 31;
    return n >= size && !memcmp(p + 31, filling() + seq % FILLINGS, size - 31);
}
#endif
