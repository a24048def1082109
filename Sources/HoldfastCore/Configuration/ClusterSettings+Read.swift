// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

extension ClusterSettings {
    /// Takes over `broker` and the section `cluster`.
    ///
    /// - Parameter faults: what whoever makes brokers finds wrong with the settings: which brokers there are, and what is in their files.
    mutating func read(_ section: inout SectionReader, faults: (ClusterSettings) -> [BrokerError]) {
        if let given = section.list("broker", .text) { brokers = given }
        if brokers.isEmpty, !section.hasProblem(with: "broker") {
            section.add("broker", "an empty list: expected memory, or one or more URLs such as nats://host:4222")
        }
        if brokers.count > 1, brokers.contains(where: Self.isMemory) {
            section.add("broker", "memory is for a node that stands alone; it does not go with others")
        }
        var inner = section.section("cluster")
        name = inner.value("name", SettingType(rule: "expected 1 to 64 letters, digits, - or _") { NodeName($0)?.description }, default: name)
        lease = inner.value("lease", .duration(from: .seconds(1), to: .seconds(3600)), default: lease)
        let span = SettingType<Duration>.duration(from: .milliseconds(1), to: .seconds(3600))
        let linger = SettingType<Duration>(rule: span.rule + ", or off") { $0 == "off" || $0 == "false" ? .zero : span.parse($0) }
        self.linger = inner.value("linger", linger, default: self.linger)
        queueBytes = inner.value("queueBytes", .bytes(atLeast: 64 << 10), default: queueBytes)
        closingEvents = inner.value("closingEvents", .word, default: closingEvents)
        readyWithoutBroker = inner.value("readyWithoutBroker", .bool, default: readyWithoutBroker)
        credentialsFile = inner.optional("credentialsFile", .text)
        caFile = inner.optional("caFile", .text)
        certificate = inner.tlsFiles()
        let kinds = brokers.map(Self.kind)
        if kinds.allSatisfy({ $0 == .redis }) { refuseTLS(&inner) }
        if !kinds.contains(.other), credentialsFile != nil {
            inner.add("credentialsFile", "has no effect with Redis: put user and password into the URL, redis://user:password@host")
        }
        if !isAlone { for fault in faults(self) { add(fault, to: &section, &inner) } }
        section.finish(inner)
        if isAlone, section.isSet("cluster"), !section.hasProblem(with: "broker"), !section.hasProblem(within: "cluster") {
            section.add("cluster", "has no effect with broker: memory, a node that stands alone; set broker (--broker nats://host:4222)")
        }
    }

    /// Tells a fault where its setting stands, unless that has been told of already.
    private func add(_ fault: BrokerError, to section: inout SectionReader, _ inner: inout SectionReader) {
        switch fault.setting {
        case nil, .broker: section.add("broker", fault.sentence)
        // A memory among others has been told of.
        case .url(let index) where brokers.indices.contains(index) && Self.isMemory(brokers[index]): break
        case .url(let index): section.add("broker", entry: index, .text, fault.sentence)
        case let key?:
            if !inner.hasProblem(with: key.name) { inner.add(key.name, fault.sentence) }
        }
    }

    private enum Kind {
        case redis
        case redisWithTLS
        case other
    }

    private static func kind(of broker: String) -> Kind {
        switch broker.firstRange(of: "://").map({ broker[..<$0.lowerBound].lowercased() }) {
        case "redis", "valkey": .redis
        case "rediss", "valkeys": .redisWithTLS
        default: .other
        }
    }

    private func refuseTLS(_ section: inout SectionReader) {
        for key in ["caFile", "certificateFile", "keyFile"] where section.isSet(key) && !section.hasProblem(with: key) {
            section.add(key, "has no effect without TLS: expected a broker such as rediss://host")
        }
    }
}
