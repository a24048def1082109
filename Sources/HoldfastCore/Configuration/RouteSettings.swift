// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastWire

/// The settings that every route has and that the top level sets for all of them: read once at the top, then again for each route over that.
struct RouteSettings {
    var dialect = DialectName.json
    var target: TargetURL?
    var secrets: [WebhookSecret] = []
    var origins = OriginPolicy.any
    var forwardHeaders: [String] = []
    var events: Set<EventKind> = [.open, .message, .close]
    var limits = ConnectionLimits()
    var keepAlive = KeepAlivePolicy()
    var autoPong = true
    var compression = CompressionPolicy()
    var webhook = WebhookPolicy()
    /// `nil` while it follows the message limit.
    var maxAnswerBytes: Int?
    var wsaas = WsaasDialect.Settings()
    var grip = GripSettings()
    var slip = SlipSettings()
    var wsify = WsifySettings()
    var unsocket = UnsocketSettings()
    var dial = DialSettings()

    /// Takes over what the section sets.
    mutating func read(_ section: inout SectionReader) {
        dialect = section.value("dialect", .word, default: dialect)
        target = section.optional("target", SettingType(rule: TargetURL.rule, parse: TargetURL.init)) ?? target
        secrets = section.list("secret", SettingType(rule: WebhookSecret.rule, parse: WebhookSecret.init)) ?? secrets
        forwardHeaders = section.list("forwardHeaders", .text)?.map { $0.lowercased() } ?? forwardHeaders
        if let kinds = section.list("events", SettingType<EventKind>.word) { events = Set(kinds) }
        readOrigins(&section)
        readLimits(&section)
        readKeepAlive(&section)
        readCompression(&section)
        readWebhook(&section)
        readWsaas(&section)
        readGrip(&section)
        readSlip(&section)
        readWsify(&section)
        readUnsocket(&section)
        readDial(&section)
    }

    func route(name: String, path: PathPattern, host: String?, target: TargetURL?) -> RouteConfiguration {
        var route = RouteConfiguration(name: name, path: path, dialect: dialect, target: target)
        route.host = host
        route.secrets = secrets
        route.origins = origins
        route.forwardHeaders = forwardHeaders
        route.events = dialect == .wsify ? RouteSettings().events : events
        route.limits = limits
        route.keepAlive = keepAlive
        route.autoPong = autoPong
        route.compression = compression
        route.webhook = webhook
        route.webhook.maxAnswerBytes = maxAnswerBytes ?? 4 * limits.maxMessageBytes
        route.wsaas = wsaas
        route.wsaas.maxMessageBytes = limits.maxMessageBytes
        route.grip = grip
        route.slip = slip
        route.wsify = wsify
        route.unsocket = unsocket
        route.dial = dial
        return route
    }

    private mutating func readOrigins(_ section: inout SectionReader) {
        guard let list = section.list("origins", .text) else { return }
        do throws(OriginError) {
            origins = try OriginPolicy(list)
        } catch {
            section.add("origins", error.description)
        }
    }

    private mutating func readLimits(_ section: inout SectionReader) {
        limits.maxMessageBytes = section.value("maxMessageBytes", .bytes(), default: limits.maxMessageBytes)
        maxAnswerBytes = section.optional("maxAnswerBytes", .bytes()) ?? maxAnswerBytes
        limits.queueEvents = section.value("queueEvents", .integer(1...100_000), default: limits.queueEvents)
        limits.queueBytes = section.value("queueBytes", .bytes(), default: limits.queueBytes)
        limits.sendQueueBytes = section.value("sendQueueBytes", .bytes(), default: limits.sendQueueBytes)
        limits.slowReader = section.value("slowReader", .word, default: limits.slowReader)
        limits.maxChannels = section.value("maxChannels", .integer(0...1_000_000), default: limits.maxChannels)
        limits.maxStateBytes = section.value("maxStateBytes", .bytes(atLeast: 0), default: limits.maxStateBytes)
    }

    private mutating func readKeepAlive(_ section: inout SectionReader) {
        keepAlive.pingInterval = section.value("pingInterval", .durationOrOff, default: keepAlive.pingInterval)
        keepAlive.pongTimeout = section.value("pongTimeout", .duration, default: keepAlive.pongTimeout)
        keepAlive.idleTimeout = section.value("idleTimeout", .durationOrOff, default: keepAlive.idleTimeout)
        autoPong = section.value("autoPong", .bool, default: autoPong)
        keepAlive.maxLifetime = section.value("maxLifetime", .durationOrOff, default: keepAlive.maxLifetime)
    }

    private mutating func readCompression(_ section: inout SectionReader) {
        var inner = section.section("compression")
        compression.isEnabled = inner.value("enabled", .bool, default: compression.isEnabled)
        compression.threshold = inner.value("threshold", .bytes(atLeast: 0), default: compression.threshold)
        compression.level = inner.value("level", .integer(1...9), default: compression.level)
        compression.wish.contextTakeover = inner.value("contextTakeover", .bool, default: compression.wish.contextTakeover)
        compression.wish.windowBits = inner.value("windowBits", .integer(9...15), default: compression.wish.windowBits)
        section.finish(inner)
    }

    private mutating func readWebhook(_ section: inout SectionReader) {
        var inner = section.section("webhook")
        webhook.timeout = inner.value("timeout", .duration, default: webhook.timeout)
        webhook.retries = inner.value("retries", .retries, default: webhook.retries)
        webhook.onFailure = inner.value("onFailure", .word, default: webhook.onFailure)
        webhook.concurrency = inner.value("concurrency", .integer(1...1_000_000), default: webhook.concurrency)
        webhook.queue = inner.value("queue", .integer(0...10_000_000), default: webhook.queue)
        webhook.closeBudget = inner.value("closeBudget", .duration, default: webhook.closeBudget)
        webhook.caFile = inner.optional("caFile", .text) ?? webhook.caFile
        section.finish(inner)
    }

    private mutating func readWsaas(_ section: inout SectionReader) {
        var inner = section.section("wsaas")
        let address = SettingType<String>(rule: "expected a URL such as http://localhost:8081") { TargetURL($0) == nil ? nil : $0 }
        wsaas.localAddress = inner.value("localAddress", address, default: wsaas.localAddress)
        while wsaas.localAddress.hasSuffix("/") { wsaas.localAddress.removeLast() }
        wsaas.timeout = inner.value("timeout", .integer(1...Int(Int32.max)), default: wsaas.timeout)
        wsaas.textContentType = inner.value("textContentType", .text, default: wsaas.textContentType)
        wsaas.answersWithStatus = inner.value("answersWithStatus", .bool, default: wsaas.answersWithStatus)
        section.finish(inner)
    }

    private mutating func readGrip(_ section: inout SectionReader) {
        var inner = section.section("grip")
        let key = SettingType<GripKey>(rule: GripKey.rule) { try? GripKey($0) }
        grip.sigIss = inner.value("sigIss", .text, default: grip.sigIss)
        grip.sigKey = inner.optional("sigKey", key) ?? grip.sigKey
        grip.upstreamKey = inner.optional("upstreamKey", key) ?? grip.upstreamKey
        grip.channelPrefix = inner.optional("channelPrefix", .channelPrefix) ?? grip.channelPrefix
        grip.replacePrefix = inner.optional("replacePrefix", .pathPrefix) ?? grip.replacePrefix
        grip.host = inner.optional("host", .authority) ?? grip.host
        grip.setHeaders = inner.list("setHeaders", .header) ?? grip.setHeaders
        grip.xForwardedFor = inner.optional("xForwardedFor", .forwardedFor) ?? grip.xForwardedFor
        grip.xForwardedProto = inner.value("xForwardedProto", .bool, default: grip.xForwardedProto)
        grip.acceptXForwardedProto = inner.value("acceptXForwardedProto", .bool, default: grip.acceptXForwardedProto)
        grip.cdnLoop = inner.optional("cdnLoop", .token) ?? grip.cdnLoop
        grip.originHeaders = inner.value("originHeaders", .bool, default: grip.originHeaders)
        grip.subscribe = inner.list("subscribe", SettingType(rule: ChannelName.rule, parse: ChannelName.init)) ?? grip.subscribe
        grip.noGrip = inner.value("noGrip", .bool, default: grip.noGrip)
        grip.debug = inner.value("debug", .bool, default: grip.debug)
        grip.crossOrigin = inner.value("crossOrigin", .bool, default: grip.crossOrigin)
        grip.messageWait = inner.value("messageWait", .duration, default: grip.messageWait)
        section.finish(inner)
    }
}
