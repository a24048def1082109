// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// What the requests of one control connection say again and again, with what it means: to find that out costs more than to compare.
struct ControlMemory {
    private let seconds: () -> Double
    private var contentType: [UInt8] = []
    private var mediaType: String?
    /// The `Authorization`, or the `Host` where no token is configured, that the gate let pass.
    private var pass: [UInt8]?
    private var passedAt = MonotonicTime(nanoseconds: 0)
    private var endOfHead = ByteBuffer()
    private var dateSecond = -1
    private var dateLookedAt: MonotonicTime?

    /// - Parameter seconds: the time now, in seconds since 1970.
    init(seconds: @escaping () -> Double = { WallClock.seconds }) { self.seconds = seconds }

    /// The content type without parameters, in lower case.
    mutating func mediaType(_ bytes: UnsafeRawBufferPointer?) -> String? {
        guard let bytes else { return nil }
        if mediaType == nil || !Self.equal(contentType, bytes) {
            contentType = Array(bytes)
            mediaType = ControlText.mediaType(String(decoding: bytes, as: UTF8.self))
        }
        return mediaType
    }

    /// Whether the gate lets a request pass.
    ///
    /// What passed once passes again, unless it may have expired: within one tick of the clock nothing does.
    mutating func isAllowed(_ head: PlainRequestHead, _ bytes: UnsafeRawBufferPointer, by gate: ControlGate, at now: MonotonicTime) -> Bool {
        let hasToken = gate.authorization != nil
        guard hasToken || !head.hasOrigin, let place = hasToken ? head.authorization : head.host else { return false }
        let field = place.bytes(in: bytes)
        if let pass, !hasToken || passedAt == now, Self.equal(pass, field) { return true }
        let text = String(decoding: field, as: UTF8.self)
        let refusal = gate.refusal(
            authorization: hasToken ? text : nil, host: hasToken ? nil : text, hasOrigin: head.hasOrigin, at: Int(seconds()))
        guard refusal == nil else { return false }
        pass = Array(field)
        passedAt = now
        return true
    }

    /// The end of an answer's head; its date is at most a tick late.
    mutating func endOfHead(at now: MonotonicTime) -> ByteBuffer {
        if dateLookedAt == now { return endOfHead }
        dateLookedAt = now
        let second = Int(seconds())
        if second != dateSecond {
            dateSecond = second
            endOfHead = ControlAnswer.endOfHead(date: HTTPDate.text(of: second))
        }
        return endOfHead
    }

    /// In a time that tells nothing of where they differ: one of them may be the token, and a proxy may send requests of others on the same connection.
    private static func equal(_ known: [UInt8], _ given: UnsafeRawBufferPointer) -> Bool {
        known.withUnsafeBytes { known in
            var difference: UInt8 = known.count == given.count ? 0 : 1
            for index in 0..<given.count { difference |= given[index] ^ (index < known.count ? known[index] : 0) }
            return difference == 0
        }
    }
}
