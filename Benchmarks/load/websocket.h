/* The parts of RFC 6455 that both ends need: Sec-WebSocket-Accept and the frame head. */
#ifndef BENCH_WEBSOCKET_H
#define BENCH_WEBSOCKET_H
#include "common.h"

enum { OP_TEXT = 1, OP_BINARY = 2, OP_CLOSE = 8, OP_PING = 9, OP_PONG = 10 };

static inline uint32_t rol32(uint32_t v, int n) { return (v << n) | (v >> (32 - n)); }

/* SHA-1 of a short text, for Sec-WebSocket-Accept only. */
static inline void sha1(const unsigned char *msg, size_t len, unsigned char out[20]) {
    uint32_t h[5] = {0x67452301u, 0xEFCDAB89u, 0x98BADCFEu, 0x10325476u, 0xC3D2E1F0u};
    size_t total = ((len + 8) / 64 + 1) * 64;
    unsigned char buf[256] = {0};
    if (total > sizeof buf) die("sha1: input too long");
    memcpy(buf, msg, len);
    buf[len] = 0x80;
    for (int i = 0; i < 8; i++) buf[total - 1 - i] = (unsigned char)((uint64_t)len * 8 >> (8 * i));
    for (size_t off = 0; off < total; off += 64) {
        uint32_t w[80];
        for (int i = 0; i < 16; i++)
            w[i] = (uint32_t)buf[off + 4 * i] << 24 | (uint32_t)buf[off + 4 * i + 1] << 16 |
                   (uint32_t)buf[off + 4 * i + 2] << 8 | buf[off + 4 * i + 3];
        for (int i = 16; i < 80; i++) w[i] = rol32(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 80; i++) {
            uint32_t f, k;
            if (i < 20) { f = (b & c) | (~b & d); k = 0x5A827999u; }
            else if (i < 40) { f = b ^ c ^ d; k = 0x6ED9EBA1u; }
            else if (i < 60) { f = (b & c) | (b & d) | (c & d); k = 0x8F1BBCDCu; }
            else { f = b ^ c ^ d; k = 0xCA62C1D6u; }
            uint32_t t = rol32(a, 5) + f + e + k + w[i];
            e = d; d = c; c = rol32(b, 30); b = a; a = t;
        }
        h[0] += a; h[1] += b; h[2] += c; h[3] += d; h[4] += e;
    }
    for (int i = 0; i < 5; i++)
        for (int j = 0; j < 4; j++) out[4 * i + j] = (unsigned char)(h[i] >> (24 - 8 * j));
}

static inline void base64(const unsigned char *in, size_t n, char *out) {
    static const char T[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < n; i += 3) {
        uint32_t v = (uint32_t)in[i] << 16;
        if (i + 1 < n) v |= (uint32_t)in[i + 1] << 8;
        if (i + 2 < n) v |= in[i + 2];
        *out++ = T[v >> 18];
        *out++ = T[(v >> 12) & 63];
        *out++ = i + 1 < n ? T[(v >> 6) & 63] : '=';
        *out++ = i + 2 < n ? T[v & 63] : '=';
    }
    *out = 0;
}

/* The Sec-WebSocket-Accept that answers a Sec-WebSocket-Key; out: at least 29 bytes. */
static inline void ws_accept(const char *key, size_t klen, char *out) {
    static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    unsigned char text[200], digest[20];
    if (klen > 100) klen = 100;
    memcpy(text, key, klen);
    memcpy(text + klen, guid, 36);
    sha1(text, klen + 36, digest);
    base64(digest, 20, out);
}

/* Writes the head of an unfragmented, unmasked frame; returns its length (2, 4 or 10). A client sets h[1] |= 0x80 and adds its mask. */
static inline size_t frame_head(unsigned char *h, int op, size_t n) {
    h[0] = (unsigned char)(0x80 | op);
    if (n < 126) {
        h[1] = (unsigned char)n;
        return 2;
    }
    if (n < 65536) {
        h[1] = 126;
        h[2] = (unsigned char)(n >> 8);
        h[3] = (unsigned char)n;
        return 4;
    }
    h[1] = 127;
    for (int i = 0; i < 8; i++) h[2 + i] = (unsigned char)((uint64_t)n >> (56 - 8 * i));
    return 10;
}

/* Reads a frame head without its mask: the payload's length in *len. Returns the head's length, 0 when more bytes are needed. */
static inline size_t read_head(const unsigned char *h, size_t n, uint64_t *len) {
    if (n < 2) return 0;
    *len = h[1] & 127;
    if (*len < 126) return 2;
    size_t ext = *len == 126 ? 2 : 8;
    if (n < 2 + ext) return 0;
    *len = 0;
    for (size_t i = 0; i < ext; i++) *len = *len << 8 | h[2 + i];
    return 2 + ext;
}
#endif
