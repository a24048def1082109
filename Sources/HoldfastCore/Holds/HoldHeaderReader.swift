// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire
import NIOCore

/// Reads an instruction from the headers of a response.
struct HoldHeaderReader {
    private let headers: [OpeningRequest.Field]
    private let channelPrefix: String

    /// - Parameter headers: names in lower case.
    init(headers: [OpeningRequest.Field], channelPrefix: String) {
        self.headers = headers
        self.channelPrefix = channelPrefix
    }

    /// - Parameter response: without headers; comes back with those that the client may see, and with the status that it gets.
    func read(_ response: HeldResponse) throws(HoldInstructionError) -> HoldInstruction {
        var instruction = HoldInstruction(mode: try mode(), channels: try channels(), response: response)
        if let text = try single("Grip-Timeout") {
            instruction.timeout = try seconds(text, atLeast: HoldInstruction.leastTimeout, "Grip-Timeout")
        }
        instruction.keepAlive = try keepAlive()
        instruction.meta = try meta()
        try readLinks(into: &instruction)
        try readStatus(into: &instruction.response)
        instruction.response.headers = exposed()
        return instruction
    }

    private func mode() throws(HoldInstructionError) -> HoldInstruction.Mode {
        switch try single("Grip-Hold") {
        case nil: return .none
        case "response": return .response
        case "stream": return .stream
        case let other?: throw HoldInstructionError("Grip-Hold: expected response or stream, found \"\(other)\"")
        }
    }

    private func channels() throws(HoldInstructionError) -> [HoldInstruction.Channel] {
        var channels: [HoldInstruction.Channel] = []
        for member in try named("Grip-Channel", GripParameters.list) {
            do throws(HoldInstructionError) {
                channels.append(
                    try HoldInstruction.channel(member.value, prefix: channelPrefix, previousID: member["prev-id"], filters: member.all("filter")))
            } catch {
                throw HoldInstructionError("Grip-Channel: \"\(member.value)\": \(error)")
            }
        }
        return channels
    }

    private func keepAlive() throws(HoldInstructionError) -> HoldInstruction.KeepAlive? {
        guard let text = try single("Grip-Keep-Alive"), !text.isEmpty else { return nil }
        let member: GripParameters
        do throws(GripParametersError) {
            member = try GripParameters.whole(text)
        } catch {
            throw HoldInstructionError("Grip-Keep-Alive: \(error)")
        }
        guard !member.value.isEmpty else { throw HoldInstructionError("Grip-Keep-Alive: expected content before the first semicolon") }
        let content: ByteBuffer
        switch member["format"] ?? "" {
        case "", "raw": content = ByteBuffer(string: member.value)
        case "cstring": content = try Self.unescaped(member.value)
        case "base64":
            guard let bytes = Base64.decode(member.value), bytes.readableBytes > 0 else {
                throw HoldInstructionError("Grip-Keep-Alive: the content is not base64")
            }
            content = bytes
        case let other: throw HoldInstructionError("Grip-Keep-Alive: format: expected raw, cstring or base64, found \"\(other)\"")
        }
        guard let mode = HoldInstruction.KeepAlive.Mode(member["mode"]) else {
            throw HoldInstructionError("Grip-Keep-Alive: mode: expected idle or interval, found \"\(member["mode"] ?? "")\"")
        }
        var timeout = HoldInstruction.KeepAlive.usualTimeout
        if let text = member["timeout"] { timeout = try seconds(text, atLeast: 1, "Grip-Keep-Alive: timeout") }
        return HoldInstruction.KeepAlive(content: content, timeout: timeout, mode: mode)
    }

    /// The bytes that `\\`, `\r`, `\n` and `\xHH` in a text stand for.
    private static func unescaped(_ text: String) throws(HoldInstructionError) -> ByteBuffer {
        var bytes = ByteBuffer()
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                bytes.writeInteger(byte)
                continue
            }
            switch rest.popFirst() {
            case UInt8(ascii: "\\"): bytes.writeInteger(UInt8(ascii: "\\"))
            case UInt8(ascii: "r"): bytes.writeInteger(UInt8(ascii: "\r"))
            case UInt8(ascii: "n"): bytes.writeInteger(UInt8(ascii: "\n"))
            case UInt8(ascii: "x"):
                let digits = rest.prefix(2).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
                guard digits.count == 2 else { throw HoldInstructionError("Grip-Keep-Alive: expected two hex digits after \\x") }
                rest = rest.dropFirst(2)
                bytes.writeInteger(UInt8(digits[0] << 4 | digits[1]))
            default: throw HoldInstructionError("Grip-Keep-Alive: expected \\\\, \\r, \\n or \\xHH after a backslash in the format cstring")
            }
        }
        return bytes
    }

    private func meta() throws(HoldInstructionError) -> [String: String] {
        var meta: [String: String] = [:]
        for pair in try named("Grip-Set-Meta", GripParameters.pairs) { meta[pair.name] = pair.value ?? "" }
        return meta
    }

    private func readLinks(into instruction: inout HoldInstruction) throws(HoldInstructionError) {
        for link in try named("Grip-Link", GripParameters.links) {
            guard HoldURI.isReference(link.value) else { throw HoldInstructionError("Grip-Link: \(HoldURI.rule), found \"\(link.value)\"") }
            for relation in (link["rel"] ?? "").split(separator: " ") {
                switch relation {
                case "next":
                    var timeout = HoldInstruction.NextLink.usualTimeout
                    if let text = link["timeout"] { timeout = try seconds(text, atLeast: 1, "Grip-Link: timeout") }
                    instruction.nextLink = HoldInstruction.NextLink(uri: link.value, timeout: timeout)
                case "gone": instruction.goneLink = link.value
                default: break
                }
            }
        }
    }

    private func readStatus(into response: inout HeldResponse) throws(HoldInstructionError) {
        guard let text = try single("Grip-Status"), !text.isEmpty else { return }
        let digits = text.prefix { $0 != " " }
        guard digits.utf8.count == 3, digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let status = Int(digits),
            HeldResponse.statuses.contains(status)
        else {
            throw HoldInstructionError(
                "Grip-Status: expected a status from \(HeldResponse.statuses.lowerBound) to \(HeldResponse.statuses.upperBound), "
                    + "and a reason if need be, found \"\(text)\"")
        }
        response.status = status
        let reason = Self.trimmed(text[digits.endIndex...])
        response.reason = reason.isEmpty ? nil : reason
    }

    /// The headers that the client may see: where `Grip-Expose-Headers` names any, those only.
    private func exposed() -> [OpeningRequest.Field] {
        ProxyHeaders.toHeldClient(HoldHeaderReader.exposing(headers))
    }

    static func exposing(_ headers: [OpeningRequest.Field]) -> [OpeningRequest.Field] {
        let named = headers.filter { $0.name == "grip-expose-headers" }.flatMap { $0.value.split(separator: ",") }
            .map { trimmed($0).lowercased() }.filter { !$0.isEmpty }
        guard !named.isEmpty else { return headers }
        // What says how far the connection's own headers reach must be seen where they are taken out.
        return headers.filter { named.contains($0.name) || $0.name == "connection" }
    }

    // MARK: Values

    /// The value of a header that may stand there once; several times only if always the same.
    private func single(_ name: String) throws(HoldInstructionError) -> String? {
        let values = headers.filter { $0.name == name.lowercased() }.map { Self.trimmed($0.value[...]) }
        guard let first = values.first else { return nil }
        guard values.allSatisfy({ $0 == first }) else {
            throw HoldInstructionError("\(name): expected one value, found \(values.map { "\"\($0)\"" }.joined(separator: " and "))")
        }
        return first
    }

    private func named<Member>(
        _ name: String, _ parse: ([String]) throws(GripParametersError) -> [Member]
    ) throws(HoldInstructionError) -> [Member] {
        do throws(GripParametersError) {
            return try parse(headers.filter { $0.name == name.lowercased() }.map(\.value))
        } catch {
            throw HoldInstructionError("\(name): \(error)")
        }
    }

    private func seconds(_ text: String, atLeast least: Int, _ what: String) throws(HoldInstructionError) -> Duration {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            let duration = HoldInstruction.seconds(Double(text), atLeast: least)
        else { throw HoldInstructionError("\(what): expected a whole number of seconds, found \"\(text)\"") }
        return duration
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text.drop { $0 == " " || $0 == "\t" }
        while let last = text.last, last == " " || last == "\t" { text.removeLast() }
        return String(text)
    }
}
