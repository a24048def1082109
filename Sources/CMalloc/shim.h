// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

#pragma once

// The allocator's own settings, where the C library has them: Swift's overlay of glibc leaves them out.
#if __has_include(<malloc.h>)
#include <malloc.h>
#endif
