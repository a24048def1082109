// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// When something is due, if at all, in eight bytes where an optional takes sixteen: each connection has several.
@propertyWrapper
struct Due {
    private var nanoseconds = Int64.max

    var wrappedValue: MonotonicTime? {
        get { nanoseconds == .max ? nil : MonotonicTime(nanoseconds: nanoseconds) }
        set { nanoseconds = newValue?.nanoseconds ?? .max }
    }
}
