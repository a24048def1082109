// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

extension GatewayConfiguration {
    /// Understands a configuration.
    ///
    /// - Parameter brokerFaults: what is wrong with the settings of a cluster, in the eyes of whoever makes brokers.
    /// - Throws: ``ConfigurationFaults`` with every fault, in the order of reading.
    package static func read(
        _ root: ConfigurationNode, brokerFaults: (ClusterSettings) -> [BrokerError] = { _ in [] }
    ) throws(ConfigurationFaults) -> GatewayConfiguration {
        var section = SectionReader(root)
        guard section.problems.isEmpty else { throw ConfigurationFaults(section.problems) }
        var configuration = GatewayConfiguration()
        configuration.readNode(&section, brokerFaults)
        configuration.readRoutes(&section)
        configuration.checkSafety(&section)
        section.finish()
        guard section.problems.isEmpty else { throw ConfigurationFaults(section.problems) }
        return configuration
    }

    private mutating func readNode(_ section: inout SectionReader, _ brokerFaults: (ClusterSettings) -> [BrokerError]) {
        let address = SettingType(rule: HostPort.rule) { HostPort($0) }
        node = section.value("node", SettingType(rule: "expected 1 to 64 letters, digits, - or _", parse: NodeName.init), default: node)
        threads = section.optional("threads", .integer(1...1024))
        listen = section.list("listen", SettingType(rule: ListenAddress.rule) { ListenAddress($0) }) ?? listen
        var tls = section.section("tls")
        self.tls = tls.tlsFiles()
        section.finish(tls)
        if self.tls == nil, let address = listen.first(where: { $0.scheme == .wss }), !section.hasProblem(within: "tls") {
            section.add("listen", "\(address) needs a certificate: set tls.certificateFile and tls.keyFile")
        }
        cluster.read(&section, faults: brokerFaults)
        drawsNode = !cluster.isAlone && !section.isSet("node")
        maxConnections = section.optional("maxConnections", .integer(1...100_000_000))
        maxConnectionsPerAddress = section.value("maxConnectionsPerAddress", .integerOrOff(1...100_000_000), default: maxConnectionsPerAddress)
        let rate = SettingType<ConnectRate?>(rule: ConnectRate.rule) { $0 == "off" || $0 == "false" ? .some(nil) : ConnectRate($0).map { .some($0) } }
        connectRatePerAddress = section.value("connectRatePerAddress", rate, default: connectRatePerAddress)
        maxHeadBytes = section.value("maxHeadBytes", .bytes(atLeast: 256), default: maxHeadBytes)
        handshakeTimeout = section.value("handshakeTimeout", .duration, default: handshakeTimeout)

        var control = section.section("control")
        self.control = control.value("listen", address, default: self.control)
        controlToken = control.optional("token", .text)
        controlIssuer = control.optional("issuer", .text)
        if controlIssuer != nil, controlToken == nil, !control.hasProblem(with: "token") {
            control.add("issuer", "needs control.token beside it: the key that the issuer's tokens are signed with")
        }
        var controlTLS = control.section("tls")
        self.controlTLS = controlTLS.tlsFiles()
        controlClientCaFile = controlTLS.optional("clientCaFile", .text)
        if controlClientCaFile != nil, self.controlTLS == nil, controlTLS.problems.isEmpty {
            controlTLS.add("clientCaFile", "needs a certificate of the control API's own: set certificateFile and keyFile beside it")
        }
        control.finish(controlTLS)
        section.finish(control)

        var log = section.section("log")
        logLevel = log.value("level", .word, default: logLevel)
        logFormat = log.value("format", .word, default: logFormat)
        logColor = log.value("color", .word, default: logColor)
        section.finish(log)

        var drain = section.section("drain")
        drainDeadline = drain.value("deadline", .duration, default: drainDeadline)
        drainSpread = drain.value("spread", .duration, default: drainSpread)
        section.finish(drain)
    }

    private mutating func readRoutes(_ section: inout SectionReader) {
        var defaults = RouteSettings()
        defaults.read(&section)
        let sections = section.sections("routes")
        var places: Set<String> = []
        var names: Set<String> = []
        var publishPlaces: Set<String> = []
        for (index, inner) in sections.enumerated() {
            var inner = inner
            guard inner.problems.isEmpty else {
                section.finish(inner)
                continue
            }
            var settings = defaults
            let pattern = SettingType(rule: PathPattern.rule, parse: PathPattern.init)
            let path = inner.value("path", pattern, default: .all)
            let host = inner.optional("host", .hostName)
            let place = (host ?? "") + path.description
            let givenName = inner.optional("name", .text)
            let name = givenName ?? (index == 0 && sections.count == 1 ? "default" : place)
            settings.read(&inner)
            for key in settings.dialect.unusedKeys where inner.isSet(key) {
                inner.add(key, "has no meaning for the dialect \(settings.dialect.rawValue)")
            }
            if !inner.hasProblem(with: "path"), !places.insert(place).inserted { inner.add("path", "\(place) is the path of another route already") }
            // A name that only follows from a wrong path is no further fault.
            if givenName != nil || !inner.hasProblem(with: "path"), !names.insert(name).inserted {
                inner.add("name", "\(name) is the name of another route already")
            }
            if settings.target != nil || (!settings.dialect.needsTarget && !inner.hasProblem(with: "target")) {
                let route = settings.route(name: name, path: path, host: host, target: settings.target)
                if let place = route.publishPath.map({ (host ?? "") + $0 }), !publishPlaces.insert(place).inserted {
                    inner.add("wsify", "broadcastPath: \(place) is the place of another route's publishers already")
                }
                routes.append(route)
            } else if !inner.hasProblem(with: "target"), !section.hasProblem(with: "target") {
                inner.add("target", "missing: the URL at which the app is called; \(TargetURL.rule)")
            }
            section.finish(inner)
        }
        if sections.isEmpty, !section.hasProblem(with: "routes") {
            section.add("routes", "no route: give the app's URL (holdfast serve http://localhost:3000/hook) or a file with routes (-c holdfast.yaml)")
        }
    }

    private func checkSafety(_ section: inout SectionReader) {
        // Where the gateway itself connects, nobody need come.
        if listen.isEmpty, !section.hasProblem(with: "listen"), routes.contains(where: { $0.dialect != .unsocket }) {
            section.add("listen", "an empty list: nobody could connect; \(ListenAddress.rule)")
        }
        guard !control.isLoopback, controlToken == nil else { return }
        section.add(
            "control",
            "\(control) can be reached from other machines, so it needs a token: set control.token (--control-token, HOLDFAST_CONTROL_TOKEN), or listen on 127.0.0.1"
        )
    }
}

extension SectionReader {
    /// A certificate and its key: both or neither.
    mutating func tlsFiles() -> TLSFiles? {
        let certificate = optional("certificateFile", .text)
        let key = optional("keyFile", .text)
        switch (certificate, key) {
        case (let certificate?, let key?): return TLSFiles(certificateFile: certificate, keyFile: key)
        case (.some, nil) where !hasProblem(with: "keyFile"): add("certificateFile", "needs keyFile beside it: the certificate's private key, in PEM")
        case (nil, .some) where !hasProblem(with: "certificateFile"): add("keyFile", "needs certificateFile beside it: the key's certificate, in PEM")
        default: break
        }
        return nil
    }
}
