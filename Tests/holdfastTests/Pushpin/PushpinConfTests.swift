// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import HoldfastCore
import Testing

@testable import holdfast

@Suite("The lines of a pushpin.conf") struct PushpinConfTests {
    private func conf(_ text: String, file: String = "pushpin.conf") throws -> PushpinConf { try PushpinConf.parse(text, file: file) }

    @Test func settingsHaveASectionAndALine() throws {
        let conf = try conf("\u{FEFF}# one\r\n[runner]\r\n; two\r\n  http_port = 7999  \r\n\r\n[ proxy ] ; three\r\ndebug=true\r\n")
        #expect(
            conf.items == [
                PushpinConf.Item(section: "runner", key: "http_port", value: "7999", source: .file("pushpin.conf", line: 4)),
                PushpinConf.Item(section: "proxy", key: "debug", value: "true", source: .file("pushpin.conf", line: 7)),
            ])
        #expect(conf["proxy", "debug"]?.value == "true")
        #expect(conf["runner", "debug"] == nil)
    }

    @Test(arguments: [
        ("a", "a"), ("a=b", "a=b"), ("a b", "a b"), ("a ; b", "a"), ("a;b", "a"), ("\"a;b\"", "a;b"), ("\" a \"", " a "), ("\" a \" ", " a "),
        (#"a\\b"#, #"a\b"#), (#""a\"b""#, "a\"b"), (#"a\n"#, "a\n"), (#"a\t\r"#, "a\t\r"), ("\"a\"b", "ab"), ("#a", "#a"), ("", ""), ("  ", ""),
        ("\"\"", ""), ("truncate:0,append", "truncate:0,append"), ("\"truncate:0,append\"", "truncate:0,append"),
    ])
    func valuesAreTakenOutOfTheirQuotes(written: String, value: String) throws {
        #expect(try conf("[proxy]\nk=\(written)").items.map(\.value) == [value])
    }

    @Test func anEmptyValueIsAbsent() throws {
        #expect(try conf("[proxy]\nsig_key=")["proxy", "sig_key"] == nil)
    }

    @Test func ofAKeyThatIsThereTwiceTheLastCounts() throws {
        let conf = try conf("[proxy]\nsig_key=one\n[runner]\n[proxy]\nsig_key=two")
        #expect(conf.items.map(\.value) == ["two"])
        #expect(conf.items.map(\.source) == [.file("pushpin.conf", line: 5)])
        #expect(conf.notes == ["pushpin.conf:2: [proxy] sig_key is set again further down; the last one counts"])
    }

    @Test(arguments: [
        ("[runner", "expected a section such as [runner]"), ("[]", "expected a section such as [runner]"),
        ("[a] b=c", "expected a section such as [runner]"), ("http_port", "expected KEY=VALUE, such as http_port=7999"),
        ("=7999", "expected KEY=VALUE, such as http_port=7999"), ("k=\"a", "k: a quotation mark that is not closed"),
        (#"k=a\q"#, #"k: after a \ only \, ", n, r or t may follow"#), (#"k=a\"#, #"k: after a \ only \, ", n, r or t may follow"#),
    ])
    func whatIsNoSettingIsToldWithItsLine(line: String, message: String) {
        let found = faults { _ = try conf("[proxy]\n\(line)\n") }
        #expect(found.map(\.description) == ["pushpin.conf:2: \(message)"])
    }

    @Test func aSettingOutsideOfASectionIsToldWithAllOtherFaults() {
        let found = faults { _ = try conf("a=1\n[x\n[runner]\nb") }
        #expect(
            found.map(\.description) == [
                "pushpin.conf:1: a: stands outside of a section, such as [runner]",
                "pushpin.conf:2: expected a section such as [runner]", "pushpin.conf:4: expected KEY=VALUE, such as http_port=7999",
            ])
    }

    // MARK: Folders and files

    @Test func foldersArePutIn() throws {
        var conf = try conf("[global]\nlibdir=/opt/p\nrundir=/run/p\n[runner]\nlocal_ports={rundir}/{ipc_prefix}server,{libdir}/x,{other}")
        conf.substitute()
        #expect(conf["runner", "local_ports"]?.value == "/run/p/pushpin-server,/opt/p/x,{other}")
    }

    @Test func foldersThatAreNotSetHaveTheirDefaults() throws {
        var conf = try conf("[runner]\nrundir=/old\nlogdir={libdir}/{rundir}\n[global]\nipc_prefix=q-\n[handler]\npush_in_spec={ipc_prefix}")
        conf.substitute()
        #expect(conf["runner", "logdir"]?.value == "/usr/lib/pushpin//old", "rundir was in [runner] once")
        #expect(conf["handler", "push_in_spec"]?.value == "q-")
    }

    @Test(arguments: [
        ("{libdir}/internal.conf", "/usr/lib/pushpin/internal.conf"), ("internal.conf", "/usr/lib/pushpin/internal.conf"),
        ("more.conf", "/etc/pushpin/more.conf"), ("/x/more.conf", "/x/more.conf"),
    ])
    func aRelativeIncludeCountsFromTheFile(written: String, path: String) throws {
        #expect(try conf("[global]\ninclude=\(written)", file: "/etc/pushpin/pushpin.conf").includedFile == path)
    }

    @Test func theFileWinsOverWhatItIncludes() throws {
        var main = try conf("[proxy]\ndebug=true\nsig_iss=")
        main.include(try conf("[proxy]\ndebug=false\nsig_iss=me\ncdn_loop=x", file: "more.conf"))
        #expect(main["proxy", "debug"]?.value == "true")
        #expect(main["proxy", "sig_iss"] == nil, "a key that is there and empty wins as well, as in Pushpin")
        #expect(main["proxy", "cdn_loop"]?.source == .file("more.conf", line: 4))
    }

    @Test(arguments: [
        ("routes", "pushpin.conf", "routes"), ("routes", "./pushpin.conf", "./routes"), ("a/b", "/etc/p.conf", "/etc/a/b"), ("/a", "/b/c", "/a"),
    ])
    func pathsCountFromTheFolderOfTheirFile(path: String, file: String, resolved: String) {
        #expect(PushpinFile.resolve(path, beside: file) == resolved)
    }

    @Test(arguments: [("file:k.pem", "file:/etc/k.pem"), ("file:/k.pem", "file:/k.pem"), ("base64:AA==", "base64:AA=="), ("k.pem", "k.pem")])
    func onlyKeysInFilesHaveAPath(text: String, key: String) {
        #expect(PushpinFile.key(text, beside: "/etc/pushpin.conf") == key)
    }
}
