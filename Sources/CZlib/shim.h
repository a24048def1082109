// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <zlib.h>

// zlib's own names for these are macros with a cast or sizeof, which Swift does not see.

static inline int holdfast_deflateInit(z_stream *stream, int level, int windowBits, int memLevel) {
    return deflateInit2(stream, level, Z_DEFLATED, -windowBits, memLevel, Z_DEFAULT_STRATEGY);
}

static inline int holdfast_inflateInit(z_stream *stream, int windowBits) {
    return inflateInit2(stream, -windowBits);
}
