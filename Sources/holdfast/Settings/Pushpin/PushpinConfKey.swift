// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore

/// What each key of `pushpin.conf` is here.
enum PushpinConfKey {
    /// Carried over, or told about, by ``PushpinConfImport``.
    case setting
    /// Between Pushpin's own processes.
    case process
    /// Of the statistics that Pushpin sends out.
    case statistics
    /// Of publishing over ZeroMQ.
    case publishing
    /// Has no meaning here, for a reason. Values that only say so themselves need no word.
    case unused(_ reason: String, unless: Set<String> = [])

    static let sections = ["global", "runner", "proxy", "handler"]

    /// `nil` for a key that Pushpin does not have.
    static func of(_ item: PushpinConf.Item) -> PushpinConfKey? {
        if let known = known[item.section]?[item.key] { return known }
        guard sections.contains(item.section) else { return nil }
        return ["_spec", "_specs", "_bin"].contains { item.key.hasSuffix($0) } ? .process : nil
    }

    /// What a key that does not exist was probably meant to be.
    static func hint(_ item: PushpinConf.Item) -> String? {
        if let section = sections.first(where: { known[$0]?[item.key] != nil }) { return "it belongs in [\(section)]" }
        guard let keys = known[item.section]?.keys.sorted() else {
            return NearestName.of(item.section, among: sections).map { "did you mean [\($0)]?" }
        }
        return NearestName.of(item.key, among: keys).map { "did you mean \($0)?" }
    }

    private static let known: [String: [String: PushpinConfKey]] = [
        "global": [
            "include": .setting, "libdir": .process, "rundir": .process, "ipc_prefix": .process, "port_offset": .setting,
            "stats_connection_ttl": .statistics, "stats_connection_send": .statistics,
        ],
        "runner": [
            "http_port": .setting, "https_ports": .setting, "client_buffer_size": .setting, "client_maxconn": .setting, "allow_compression": .setting,
            "log_level": .setting, "services": .process, "rundir": .process,
            "local_ports": .unused("clients connect over TCP here, not over Unix sockets"),
            "logdir": .unused("the log goes to standard error here"),
        ],
        "proxy": [
            "routesfile": .setting, "debug": .setting, "auto_cross_origin": .setting, "accept_x_forwarded_protocol": .setting,
            "set_x_forwarded_protocol": .setting, "x_forwarded_for": .setting, "cdn_loop": .setting, "sig_iss": .setting, "sig_key": .setting,
            "upstream_key": .setting, "ipc_file_mode": .process, "stats_connections_max_ttl": .statistics, "stats_report_interval": .statistics,
            "prometheus_port": .statistics, "prometheus_prefix": .statistics,
            "x_forwarded_for_trusted": .unused("requests of an upstream proxy follow x_forwarded_for here, as all others"),
            "orig_headers_need_mark": .unused("no header needs a mark here"),
            "accept_pushpin_route": .unused("requests cannot name their route here", unless: ["false"]),
            "log_from": .unused("addresses of clients are not logged here", unless: ["false"]),
            "log_user_agent": .unused("user agents of clients are not logged here", unless: ["false"]),
            "sockjs_url": .unused("SockJS is not spoken here"),
            "updates_check": .unused("nothing is reported to anybody here", unless: ["off"]),
            "organization_name": .unused("nothing is reported to anybody here"),
            "workers": .unused("there is one event loop for each core here; see threads"),
            "max_open_requests": .unused("webhook.concurrency bounds the requests to the app here"),
        ],
        "handler": [
            "push_in_http_addr": .setting, "push_in_http_port": .setting, "push_in_http_max_body_size": .setting, "message_wait": .setting,
            "connection_subscription_max": .setting, "ipc_file_mode": .process, "stats_subscription_ttl": .statistics,
            "stats_report_interval": .statistics, "stats_format": .statistics, "message_block_size": .statistics, "prometheus_port": .statistics,
            "prometheus_prefix": .statistics, "stats_spec": .statistics, "push_in_spec": .publishing, "push_in_sub_spec": .publishing,
            "push_in_sub_specs": .publishing, "push_in_sub_connect": .publishing, "command_spec": .publishing,
            "push_in_http_max_headers_size": .unused("the head of a publish request has a bound of its own here", unless: ["10000"]),
            "message_rate": .unused("nothing is dropped by rate here"),
            "message_hwm": .unused("nothing is dropped by rate here"),
            "id_cache_ttl": .unused("ids of messages are remembered for 60 seconds here", unless: ["60"]),
            "subscription_linger": .unused("a subscription ends with its request here"),
            "share_all": .unused("each request has subscriptions of its own here", unless: ["false"]),
            "update_on_first_subscription": .unused("sessions that span connections are not kept here"),
        ],
    ]
}
