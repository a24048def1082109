// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

@testable import holdfast

@Suite("Routes of Pushpin as routes of ours") struct PushpinRouteImportTests {
    private typealias Imported = (flat: [String], notes: [String], root: ConfigurationNode)

    private func imported(_ text: String, into root: ConfigurationNode = .empty) throws -> Imported {
        var root = root
        let notes = try PushpinImport.apply(routes: try PushpinRoutes.parse(text, file: "routes"), conf: nil, to: &root)
        return (root.flat.filter { $0.hasPrefix("routes") }, notes, root)
    }

    private func told(_ text: String) -> [String] { faults { _ = try imported(text) }.map(\.description) }

    @Test func aDomainIsAHostAndAStarIsAllOfThem() throws {
        let (flat, notes, root) = try imported("# mine\nExample.com app:8000,over_http\n* other:80,over_http\n")
        #expect(
            flat == [
                "routes[0].name = example.com/*", "routes[0].host = example.com", "routes[0].path = /*", "routes[0].target = http://app:8000",
                "routes[1].path = /*", "routes[1].target = http://other:80",
            ])
        #expect(notes.isEmpty)
        #expect(root.sources["routes[0].host"] == "routes:2")
        #expect(root.sources["routes[1].target"] == "routes:3")
        #expect(root["routes"]?.source == .file("routes", line: 2))
    }

    @Test(arguments: [("/api", "/api*"), ("/api/", "/api/*"), ("/", "/*"), ("/a,b", "/a,b*")])
    func theBeginningOfAPathIsAPatternWithAStar(prefix: String, path: String) throws {
        let flat = try imported("*,path_beg=\"\(prefix)\" app:8000,over_http").flat
        #expect(flat == ["routes[0].path = \(path)", "routes[0].target = http://app:8000"])
    }

    /// Properties of the condition, and what they are here.
    @Test(arguments: [
        ("sig_iss=me", ["sigIss = me"]), ("sig_key=base64:AAAA", ["sigKey = base64:AAAA"]), ("sig_key=file:k.pem", ["sigKey = file:k.pem"]),
        ("prefix=p-", ["channelPrefix = p-"]), ("orig_headers", ["originHeaders = true"]), ("as_host=h", ["host = h"]),
        ("no_grip", ["noGrip = true"]), ("debug", ["debug = true"]),
        ("header=X-A:1,header=\"X-B:  2 3\",header=X-C:", ["setHeaders[0] = X-A: 1", "setHeaders[1] = X-B: 2 3", "setHeaders[2] = X-C:"]),
        ("sig_iss=,sig_key=,prefix=,as_host=,path_rem=,id=", []), ("path_rem=0", []), ("sockjs_as_path=", []),
    ])
    func propertiesAreSettingsOfTheDialect(properties: String, expected: [String]) throws {
        let (flat, _, root) = try imported("*,\(properties) app:8000,over_http")
        #expect(Array(flat.dropFirst(2)) == expected.map { "routes[0].grip.\($0)" })
        #expect(Set(root.sources.filter { $0.key.hasPrefix("routes") }.values) == ["routes:1"])
    }

    @Test(arguments: [
        ("path_beg=/api,path_rem=4", ""), ("path_beg=/api/,path_rem=5", ""), ("path_beg=/a/b,path_rem=2", "/b"),
        ("path_beg=/api,replace_beg=/v1", "/v1"),
        ("path_beg=/api,replace_beg=", ""), ("path_beg=/api/,replace_beg=", ""), ("replace_beg=/v1", "/v1"),
        ("path_beg=/api/,replace_beg=/v1/", "/v1"), ("path_beg=/api/,replace_beg=/v1", "/v1"), ("path_beg=/,path_rem=1", ""),
        ("replace_beg=/v1/", "/v1/"),
        ("path_beg=/api,replace_beg=/v1,path_rem=2", "/v1"),
    ])
    func theBeginningOfThePathIsReplaced(properties: String, expected: String) throws {
        #expect(try imported("*,\(properties) app:8000,over_http").flat.last == "routes[0].grip.replacePrefix = \(expected)")
    }

    @Test(arguments: ["path_rem=3", "path_beg=/a,path_rem=3"])
    func moreThanTheBeginningCannotBeTakenAway(properties: String) throws {
        let (flat, notes, _) = try imported("*,\(properties) app:8000,over_http")
        #expect(!flat.contains { $0.contains("replacePrefix") })
        #expect(notes == ["routes:1: path_rem=3 is not used, for it is longer than path_beg: the app gets the whole path"])
    }

    /// Properties of the target, and what they are here.
    @Test(arguments: [
        ("app:8000,over_http,ssl,trust_connect_host", ["target = https://app:8000"]),
        ("app:8000,over_http,host=h", ["target = http://app:8000", "grip.host = h"]),
        ("app:8000,over_http,sub=a,sub=b,sub=", ["target = http://app:8000", "grip.subscribe[0] = a", "grip.subscribe[1] = b"]),
        ("[::1]:8000,over_http", ["target = http://[::1]:8000"]),
    ])
    func targetsAreURLs(target: String, expected: [String]) throws {
        let (flat, notes, _) = try imported("* \(target)")
        #expect(flat == (["path = /*"] + expected).map { "routes[0].\($0)" })
        #expect(notes.isEmpty)
    }

    @Test func theTargetsHostWinsOverTheRoutes() throws {
        #expect(try imported("*,as_host=a app:8000,host=b,over_http").flat.last == "routes[0].grip.host = b")
    }

    @Test func aTargetWithoutOverHTTPIsToldUnlessItIsForHTTPOnly() throws {
        let always = "WebSockets are carried over HTTP requests here always, an app that speaks ws:// is not called"
        #expect(try imported("* app:8000").notes == ["routes:1: app:8000 has no over_http: \(always)"])
        #expect(try imported("*,proto=http app:8000\n*,proto=ws app:8000,over_http").notes.isEmpty)
    }

    @Test func aRouteHasOneTarget() throws {
        let (flat, notes, _) = try imported("* test app:8000,over_http app2:8000,insecure zhttp/ipc:///x\n")
        #expect(flat == ["routes[0].path = /*", "routes[0].target = http://app:8000"])
        #expect(
            notes == [
                "routes:1: the target test is not used: there is no such app that answers with the request",
                "routes:1: the third target app2:8000 is not used: a route here has one target",
                "routes:1: the fourth target zhttp/ipc:///x is not used: apps are called over HTTP here, not over ZeroMQ",
            ])
    }

    @Test(arguments: ["* test", "* zhttpreq/tcp://127.0.0.1:10000"])
    func withoutAUsableTargetThereIsNoRouteAndTheListSaysWhere(text: String) throws {
        let (flat, notes, root) = try imported("\n\(text)")
        #expect(flat.isEmpty)
        #expect(notes.last == "routes:2: the route is not used, for it has no other target")
        #expect(root["routes"]?.source == .file("routes", line: 2), "the fault that there is no route names the file")
    }

    @Test func theSameConditionTwiceIsToldAndTheFirstWins() throws {
        let lines = ["A.test,path_beg=/x a:1", "a.test,path_beg=/x b:1", "a.test,path_beg=/ c:1", "a.test d:1"]
        let (flat, notes, _) = try imported(lines.map { "\($0),over_http\n" }.joined())
        #expect(flat.filter { $0.contains("target") } == ["routes[0].target = http://a:1", "routes[1].target = http://c:1"])
        #expect(
            notes == [
                "routes:2: the route is not used: routes:1 has the same condition, and the first one counts",
                "routes:4: the route is not used: routes:3 has the same condition, and the first one counts",
            ])
    }

    @Test func protocolsToTheSameAppAreOneRoute() throws {
        let (flat, notes, _) = try imported("*,proto=http,ssl=yes a:1\n*,proto=ws,ssl=no,id=all a:1,over_http")
        #expect(flat == ["routes[0].name = all", "routes[0].path = /*", "routes[0].target = http://a:1"])
        #expect(notes.isEmpty)
    }

    @Test func protocolsToDifferentAppsAreToldAndTheFirstWins() throws {
        let (flat, notes, _) = try imported("*,proto=http a:1\n*,proto=ws b:1,over_http")
        #expect(flat.last == "routes[0].target = http://a:1")
        #expect(
            notes == [
                "routes:2: the route is not used: only proto or ssl tells it from routes:1, and neither is a condition here",
                "routes:1: proto=http is no condition here: WebSockets for */* go to the same app",
            ])
    }

    @Test func aProtocolAloneIsTold() throws {
        #expect(
            try imported("*,proto=ws,ssl=yes a:1,over_http").notes == [
                "routes:1: proto=ws is no condition here: other HTTP requests for */* go to the same app",
                "routes:1: ssl=yes is no condition here: clients without TLS come to */* as well",
            ])
        #expect(try imported("*,ssl=no a:1,over_http").notes == ["routes:1: ssl=no is no condition here: clients with TLS come to */* as well"])
    }

    @Test func anIDIsAName() throws {
        let lines = ["a.test,id=x a:1", "b.test,id=x b:1", "*,id=a.test/* c:1", "a.test,path_beg=/q d:1"]
        let (flat, notes, _) = try imported(lines.map { "\($0),over_http\n" }.joined())
        #expect(
            flat.filter { $0.contains("name") } == [
                "routes[0].name = x", "routes[1].name = b.test/*", "routes[2].name = a.test/*", "routes[3].name = a.test/q*",
            ])
        #expect(notes == ["routes:2: id=x is not used: it is the name of another route already"])
    }

    @Test func aRouteThatIsFoundByItsIDOnlyIsTold() throws {
        let (flat, notes, _) = try imported(",id=x a:1,over_http\n* b:1,over_http")
        #expect(flat == ["routes[0].path = /*", "routes[0].target = http://b:1"])
        #expect(notes == ["routes:1: a route that has an id and no domain is not used: requests cannot name their route here"])
    }

    /// What has no meaning here, and what is said of it.
    @Test(arguments: [
        ("*,jsonp_mode=basic,jsonp_cb=c app:1,over_http", "jsonp_mode, jsonp_cb: answers are not wrapped as JSON-P here"),
        ("*,aco app:1,over_http", "aco adds the CORS headers; answers are not wrapped as JSON-P here"),
        ("*,session app:1,over_http", "session is not used: sessions that span connections are not kept here"),
        ("*,sockjs=/s,sockjs_as_path=/t app:1,over_http", "sockjs, sockjs_as_path: SockJS is not spoken here; its clients must use WebSockets"),
        ("*,log_level=3 app:1,over_http", "log_level is not used: the level of the log is that of the whole gateway, log.level"),
        ("*,path_beg=/a,replace_beg=/b,path_rem=1 app:1,over_http", "path_rem is not used, for replace_beg is there as well"),
        ("* app:1,over_http,ssl", "the certificate of app:1 is checked against that name, not against the Host header"),
        ("* app:1,over_http,client_cert=c,client_key=k", "client_cert, client_key: no certificate is shown to the app here"),
        ("* app:1,over_http,insecure", "insecure is not used: certificates are always checked here; webhook.caFile names an authority of your own"),
        ("* app:1,over_http,untrusted", "untrusted is not used: a target at an internal address is not refused here"),
        ("* app:1,over_http,one_event", "one_event is not used: several events may come in one request here"),
        ("* app:1,over_http,ipc_file_mode=777", "ipc_file_mode is not used: there are no ZeroMQ sockets here"),
        ("*,prefix=a,prefix=b app:1,over_http", "prefix is there more than once; the last counts"),
        ("*,debug=false app:1,over_http", "debug=false switches it on all the same, as in Pushpin; leave it out"),
        ("*,path_bge=/x app:1,over_http", "path_bge is not used: no such property of a condition; did you mean path_beg?"),
        ("*,over_http app:1,over_http", "over_http is not used: it belongs to the target, not to the condition"),
        ("* app:1,over_http,zzzzzz", "zzzzzz is not used: no such property of a target"),
    ])
    func whatIsNotCarriedOverIsSaid(text: String, note: String) throws {
        let (flat, notes, _) = try imported(text)
        #expect(notes == ["routes:1: \(note)"])
        #expect(flat.contains { $0.hasSuffix("://app:1") }, "the route is there all the same")
    }

    @Test(arguments: [
        ("*,proto=wss a:1", "proto: expected http or ws, found \"wss\""), ("*,proto a:1", "proto: expected http or ws, found \"\""),
        ("*,ssl=true a:1", "ssl: expected yes or no, found \"true\""),
        ("*,path_beg= a:1", "path_beg: expected the beginning of a path, such as /api, without *, ? and #, found \"\""),
        ("*,path_beg=api a:1", "path_beg: expected the beginning of a path, such as /api, without *, ? and #, found \"api\""),
        ("*,path_beg=/api/* a:1", "path_beg: expected the beginning of a path, such as /api, without *, ? and #, found \"/api/*\""),
        ("*,path_rem=x a:1", "path_rem: expected how many bytes of the path to leave out, found \"x\""),
        ("*,path_rem=-1 a:1", "path_rem: expected how many bytes of the path to leave out, found \"-1\""),
        ("*,path_beg=/api,path_rem=1 a:1", "path_rem: the path that the app gets would begin with \"api\" instead of a slash"),
        ("*,path_beg=/api,replace_beg=v1 a:1", "replace_beg: the path that the app gets would begin with \"v1\" instead of a slash"),
        ("*,header=X a:1", "header: expected NAME:VALUE, found \"X\""), ("*,header=:X a:1", "header: expected NAME:VALUE, found \":X\""),
        ("* a", "expected a target such as localhost:8000 or [::1]:8000, found \"a\""),
        ("* :8000", "expected a target such as localhost:8000 or [::1]:8000, found \":8000\""),
        ("* a:0", "expected a target such as localhost:8000 or [::1]:8000, found \"a:0\""),
        ("* a:65536", "expected a target such as localhost:8000 or [::1]:8000, found \"a:65536\""),
        ("* ::1:8000", "expected a target such as localhost:8000 or [::1]:8000, found \"::1:8000\""),
        ("* a:1 b", "expected a target such as localhost:8000 or [::1]:8000, found \"b\""),
        ("* http://a:1", "expected a target such as localhost:8000 or [::1]:8000, found \"http://a:1\""),
        ("* u@a:1", "expected a target such as localhost:8000 or [::1]:8000, found \"u@a:1\""),
        ("*.example.com a:1", "expected a domain such as example.com, or * for every domain, found \"*.example.com\""),
        ("example.com:80 a:1", "expected a domain such as example.com, or * for every domain, found \"example.com:80\""),
        ("path_beg=/x a:1", "the condition has no domain; write * for every domain"),
    ])
    func whatIsWrongIsToldWithItsLine(text: String, message: String) {
        #expect(told("* ok:1\n\(text)") == ["routes:2: \(message)"])
    }

    @Test func allFaultsAreToldAtOnceAndNothingIsChanged() {
        var root = ConfigurationNode.empty
        let found = faults {
            _ = try PushpinImport.apply(
                routes: try PushpinRoutes.parse("*,proto=x,ssl=y a\n*,header=a b:1\n", file: "routes"), conf: nil, to: &root)
        }
        #expect(found.map(\.source) == [1, 1, 1, 2].map { .file("routes", line: $0) })
        #expect(root.flat.isEmpty)
    }

    @Test func routesOfOursWin() throws {
        var own = ConfigurationNode.empty
        own.set(["routes"], ConfigurationNode(.list([.empty]), source: .flag("URL")))
        let (flat, notes, root) = try imported("* a:1\n* b:1\n", into: own)
        #expect(flat.isEmpty)
        #expect(root["routes"]?.source == .flag("URL"))
        #expect(notes == ["routes:1: the routes of this file are not used: the app's URL, or routes in a file of ours, win over them"])
    }

    @Test func keysAreNeverShown() throws {
        let (_, notes, _) = try imported("*,sig_key=s3cret,sig_key=s3cret,sig_kye=s3cret app:1,over_http\n")
        #expect(notes.count == 2)
        #expect(!notes.joined().contains("s3cret"))
    }
}
