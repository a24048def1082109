// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import HoldfastWire
import NIOCore

/// What a GRIP app orders beside its messages: control messages, values of its headers, and content for filters.
///
/// Never a crash. Never an order that the engine cannot carry out. What a header says is the same when it is written in another form, and text
/// that is escaped for a filter comes out of it as it was.
enum Grip {
    static let target = FuzzTarget(name: "Grip", maxLength: 512) { input in
        var input = input
        switch input.byte() % 3 {
        case 0: checkControl(input)
        case 1: checkParameters(input)
        default: checkFilters(input)
        }
    }

    // MARK: Control messages

    private static func checkControl(_ input: FuzzInput) {
        do throws(GripControlError) {
            check(try GripControlReader.read(.amid(input.rest)))
        } catch {
            claim(!error.description.isEmpty, "an error that says nothing")
        }

        let text = input.text
        var json = JSONWriter()
        json.beginObject()
        json.key("type")
        json.string("subscribe")
        json.key("channel")
        json.string(text)
        json.endObject()
        let message = try? GripControlReader.read(json.buffer)
        guard case .subscribe(let channel, let filters, nil) = message else {
            return claim(text.isEmpty, "no subscription to \(text): \(String(describing: message))")
        }
        claim(channel.utf8.elementsEqual(text.utf8) && filters.isEmpty, "\(text) became \(channel)")
    }

    private static func check(_ message: GripControlMessage) {
        switch message {
        case .subscribe(let channel, let filters, let previousID):
            claim(!channel.isEmpty && filters.count <= GripFilter.maxPerSubscription, "\(message)")
            claim(previousID.map(PublicationID.isValid) ?? true, "\(message)")
        case .unsubscribe(let channel): claim(!channel.isEmpty, "\(message)")
        case .session(let id): claim(id != "", "\(message)")
        case .setMeta(let name, _): claim(!name.isEmpty, "\(message)")
        case .keepAlive(let timed): if let timed { check(timed) }
        case .sendDelayed(let timed): check(timed)
        case .detach, .flushDelayed: break
        }
    }

    private static func check(_ message: TimedMessage) {
        claim(message.after >= .seconds(1) && message.after <= .seconds(Int(Int32.max)), "\(message)")
        switch message.form {
        case .text: claim(String(validating: message.bytes.readableBytesView, as: Swift.UTF8.self) != nil, "no UTF-8: \(message)")
        case .ping, .pong: claim(message.bytes.readableBytes <= 125, "\(message)")
        case .binary: break
        }
    }

    // MARK: Headers

    private static func checkParameters(_ input: FuzzInput) {
        let values = input.rest.split(separator: 0x0A).map { String(decoding: $0, as: Swift.UTF8.self) }
        check(values, GripParameters.list) { [$0.map(\.written).joined(separator: ", ")] }
        check(values, GripParameters.links) { $0.map { GripParameters("<\($0.value)>", $0.parameters).written } }
        for value in values { check(value, GripParameters.whole, \.written) }
        check(values, GripParameters.pairs) { [$0.map(\.written).joined(separator: " ,")] }
    }

    private static func check<Source, Reading: Equatable>(
        _ source: Source, _ read: (Source) throws(GripParametersError) -> Reading, _ write: (Reading) -> Source
    ) {
        do throws(GripParametersError) {
            let reading = try read(source)
            let written = write(reading)
            claim((try? read(written)) == reading, "\(source) is \(reading), but not when it is written as \(written)")
        } catch {
            claim(error.offset >= 0 && isLine(error.description), "\(error)")
        }
    }

    // MARK: Filters

    private static func checkFilters(_ input: FuzzInput) {
        var input = input
        let chosen = input.byte()
        let maxBytes = Int(input.byte()) * 4
        let filters = GripFilter.allCases.enumerated().filter { chosen >> $0.offset & 1 == 1 }.map(\.element)
        let texts = input.rest.split(separator: 0x0A, maxSplits: 4, omittingEmptySubsequences: false).map {
            String(decoding: $0, as: Swift.UTF8.self)
        }
        guard texts.count == 5 else { return }
        let content = ByteBuffer.amid(Array(texts[4].utf8))
        let outcome = run(
            filters, meta: ["user": texts[0], "id_format": texts[1], texts[2]: texts[3]],
            publication: ["sender": texts[2], "skip_users": texts[3], "require_sub": texts[2]], content, maxBytes)
        switch outcome {
        case .pass(let made):
            claim(made == content || made.readableBytes <= maxBytes, "\(made.readableBytes) bytes")
            claim(String(validating: made.readableBytesView, as: Swift.UTF8.self) != nil, "no UTF-8: \(shown(made.readableBytesView))")
            if !texts[4].utf8.contains(UInt8(ascii: "%")) { claim(made == content, "changed without a place: \(shown(made.readableBytesView))") }
        case .drop(let reason): claim(!reason.description.isEmpty, "a reason that says nothing")
        }

        // What was escaped, or stands in a variable, comes out as it was.
        let text = ByteBuffer(string: texts[4])
        let escaped = escape(texts[4], "%", with: "%")
        claim(run([.varSubst], ByteBuffer(bytes: escaped), 1 << 20) == .pass(text), "\(texts[4]) escaped")
        let name = escape(texts[3], "\\)", with: "\\")
        let directive = Array("%(".utf8) + name + Array(")s".utf8)
        let filled = run([.varSubst], meta: [texts[3]: texts[4]], ByteBuffer(bytes: directive), 1 << 20)
        claim(texts[3].isEmpty || filled == .pass(text), "\(texts[4]) in \(shown(directive)) is \(filled)")
        let id = Array("%(".utf8) + escape(texts[4], "\\)", with: "\\") + Array(")I".utf8)
        let made = run([.buildID], meta: ["id_format": ""], ByteBuffer(bytes: id), 1 << 20)
        claim(made == .pass(text), "\(texts[4]) as an id is \(made)")
    }

    private static func run(
        _ filters: [GripFilter], meta: [String: String] = [:], publication: [String: String] = [:], _ content: ByteBuffer, _ maxBytes: Int
    ) -> GripFilterOutcome {
        GripFilter.outcome(
            of: filters, meta: meta, isMember: { $0.utf8.count < 3 }, previousID: { $0 }, publicationMeta: publication, content: content,
            maxBytes: maxBytes)
    }

    private static func escape(_ text: String, _ signs: String, with mark: Unicode.Scalar) -> [UInt8] {
        text.utf8.flatMap { signs.utf8.contains($0) ? [UInt8(ascii: mark), $0] : [$0] }
    }
}

extension GripParameters {
    /// Every parameter in quotation marks.
    fileprivate var written: String { value + ";" + parameters.map(\.written).joined(separator: " ; ") }
}

extension GripParameters.Parameter {
    fileprivate var written: String {
        guard let value else { return name }
        let escaped = value.unicodeScalars.map { $0 == "\"" || $0 == "\\" ? "\\\($0)" : "\($0)" }.joined()
        return "\(name) = \"\(escaped)\""
    }
}
