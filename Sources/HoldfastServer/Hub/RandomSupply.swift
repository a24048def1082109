// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

#if canImport(Glibc)
import Glibc
#endif

/// The system's random numbers, for what must not be guessed, fetched many at a time: one system call in place of 32.
///
/// A number is forgotten when it has been given out.
package struct RandomSupply: RandomNumberGenerator {
    /// As many as one call may ask for: 256 bytes.
    private static let count = 32

    private var numbers: [UInt64] = []

    package init() {}

    package mutating func next() -> UInt64 {
        if let number = numbers.popLast() { return number }
        fill()
        return numbers.removeLast()
    }

    private mutating func fill() {
        #if canImport(Glibc)
        numbers = Array(unsafeUninitializedCapacity: Self.count) { room, count in
            count = getentropy(room.baseAddress, Self.count * MemoryLayout<UInt64>.stride) == 0 ? Self.count : 0
        }
        #endif
        var system = SystemRandomNumberGenerator()
        while numbers.count < Self.count { numbers.append(system.next()) }
    }
}
