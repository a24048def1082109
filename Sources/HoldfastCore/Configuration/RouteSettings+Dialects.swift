// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// The sections of the smaller dialects, and of dialling.
extension RouteSettings {
    mutating func readSlip(_ section: inout SectionReader) {
        var inner = section.section("slip")
        slip.jwtSecret = inner.optional("jwtSecret", .text) ?? slip.jwtSecret
        slip.extended = inner.value("extended", .bool, default: slip.extended)
        slip.batches = inner.value("batches", .bool, default: slip.batches)
        if slip.batches, !slip.extended {
            inner.add("batches", "several events in one request are beyond the published convention: slip.extended must be true")
        }
        section.finish(inner)
    }

    mutating func readWsify(_ section: inout SectionReader) {
        var inner = section.section("wsify")
        wsify.version = inner.value("version", .word, default: wsify.version)
        wsify.broadcastingKey = inner.optional("broadcastingKey", .text) ?? wsify.broadcastingKey
        let path = SettingType<String>(rule: "expected a path such as /broadcast, without a query") { text in
            text.hasPrefix("/") && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"?#*%".utf8.contains($0) } ? text : nil
        }
        wsify.broadcastPath = inner.optional("broadcastPath", path) ?? wsify.broadcastPath
        wsify.acks = inner.value("acks", .bool, default: wsify.acks)
        wsify.identity = inner.value("identity", .bool, default: wsify.identity)
        wsify.disconnect = inner.value("disconnect", .bool, default: wsify.disconnect)
        wsify.targets = inner.value("targets", .bool, default: wsify.targets)
        // An empty text means none, as in the original's flag.
        let name = SettingType<WsifySettings.EventName?>(rule: SettingType<WsifySettings.EventName>.word.rule) { text in
            text.isEmpty ? .some(nil) : WsifySettings.EventName(rawValue: text).map { .some($0) }
        }
        if let events = inner.list("events", name) { wsify.events = Set(events.compactMap(\.self)) }
        if wsify.version == .v3, inner.isSet("events") { inner.add("events", "has a meaning only with version: v2") }
        if wsify.version == .v2, inner.isSet("disconnect") { inner.add("disconnect", "has a meaning only with version: v3; v2 has events") }
        if wsify.version == .v2, inner.isSet("targets") { inner.add("targets", "has a meaning only with version: v3; v2 always has them") }
        section.finish(inner)
    }

    mutating func readUnsocket(_ section: inout SectionReader) {
        var inner = section.section("unsocket")
        unsocket.form = inner.value("form", .word, default: unsocket.form)
        unsocket.lifecycle = inner.value("lifecycle", .bool, default: unsocket.lifecycle)
        unsocket.reconnect = inner.value("reconnect", .bool, default: unsocket.reconnect)
        unsocket.binaryAsText = inner.value("binaryAsText", .bool, default: unsocket.binaryAsText)
        section.finish(inner)
    }

    mutating func readDial(_ section: inout SectionReader) {
        var inner = section.section("dial")
        dial.allow = inner.list("allow", .text)?.map { $0.lowercased() } ?? dial.allow
        dial.denyPrivate = inner.value("denyPrivate", .bool, default: dial.denyPrivate)
        dial.timeout = inner.value("timeout", .duration, default: dial.timeout)
        dial.caFile = inner.optional("caFile", .text) ?? dial.caFile
        dial.usesProxies = inner.value("proxies", .bool, default: dial.usesProxies)
        var reconnect = inner.section("reconnect")
        dial.reconnect.firstDelay = reconnect.value("firstDelay", .duration, default: dial.reconnect.firstDelay)
        dial.reconnect.maxDelay = reconnect.value("maxDelay", .duration, default: dial.reconnect.maxDelay)
        dial.reconnect.maxFailures = reconnect.value("maxFailures", .integerOrOff(1...1_000_000), default: dial.reconnect.maxFailures)
        dial.reconnect.settledAfter = reconnect.value("settledAfter", .duration, default: dial.reconnect.settledAfter)
        inner.finish(reconnect)
        section.finish(inner)
    }
}
