// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#elseif canImport(Darwin)
import Darwin
#endif

/// What the system calls this machine. Nobody is asked over the network.
enum HostName {
    /// Empty where it has no name.
    static var current: String {
        var bytes = [CChar](repeating: 0, count: 256)
        // The last byte stays zero: a name that is too long is cut without one.
        guard gethostname(&bytes, bytes.count - 1) == 0 else { return "" }
        return String(decoding: bytes.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
}
