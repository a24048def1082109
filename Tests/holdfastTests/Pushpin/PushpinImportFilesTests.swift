// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

import Foundation
import HoldfastCore
import Testing

@testable import holdfast

@Suite("Files of Pushpin") struct PushpinImportFilesTests {
    /// A folder with files, by name.
    private func withFiles<Value>(_ files: [String: String], _ body: (String) throws -> Value) throws -> Value {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("holdfast-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in files { try text.write(to: folder.appendingPathComponent(name), atomically: true, encoding: .utf8) }
        return try body(folder.path)
    }

    private func target(_ root: ConfigurationNode) -> String? { root.flat.first { $0.contains("target") } }

    @Test func theRoutesAreThoseThatTheConfNames() throws {
        try withFiles(["pushpin.conf": "[proxy]\nroutesfile=my-routes\n", "my-routes": "* a:1,over_http", "other": "* b:1,over_http"]) { folder in
            var root = ConfigurationNode.empty
            _ = try PushpinImport.read(routes: nil, conf: "\(folder)/pushpin.conf", into: &root)
            #expect(target(root) == "routes[0].target = http://a:1")
            #expect(root.sources["routes[0].target"] == "\(folder)/my-routes:1")
            root = .empty
            _ = try PushpinImport.read(routes: "\(folder)/other", conf: "\(folder)/pushpin.conf", into: &root)
            #expect(target(root) == "routes[0].target = http://b:1")
        }
    }

    @Test func routesOfOursLeaveThoseThatTheConfNamesUnread() throws {
        try withFiles(["pushpin.conf": "[proxy]\nroutesfile=nowhere\n"]) { folder in
            var root = ConfigurationNode.empty
            root.set(["routes"], ConfigurationNode(.list([.empty]), source: .flag("URL")))
            let notes = try PushpinImport.read(routes: nil, conf: "\(folder)/pushpin.conf", into: &root)
            #expect(notes.isEmpty)
        }
    }

    @Test func whatIsIncludedIsRead() throws {
        let main = "[global]\ninclude=more.conf\n[proxy]\ndebug=true"
        try withFiles(["pushpin.conf": main, "more.conf": "[proxy]\ndebug=false\nsig_key={libdir}"]) { folder in
            var root = ConfigurationNode.empty
            _ = try PushpinImport.read(routes: nil, conf: "\(folder)/pushpin.conf", into: &root)
            #expect(Set(root.flat).isSuperset(of: ["grip.debug = true", "grip.sigKey = /usr/lib/pushpin"]))
            #expect(root.sources["grip.sigKey"] == "\(folder)/more.conf:3")
        }
    }

    @Test func whatPushpinIncludesForItselfIsToldByTheLineThatIncludesIt() throws {
        let more = "[proxy]\na_spec=1\nb_specs=2\nworkers=3"
        try withFiles(["pushpin.conf": "[global]\ninclude=more.conf\nrundir=/r", "more.conf": more]) { folder in
            var root = ConfigurationNode.empty
            let notes = try PushpinImport.read(routes: nil, conf: "\(folder)/pushpin.conf", into: &root)
            #expect(
                notes == [
                    "\(folder)/more.conf:4: workers=3 has no meaning: there is one event loop for each core here; see threads",
                    "\(folder)/pushpin.conf: include (line 2), rundir (line 3): of Pushpin's own processes, of which there is one here",
                ])
        }
    }

    @Test func pushpinsOwnInternalFileNeedNotBeThere() throws {
        try withFiles(["pushpin.conf": "[global]\nlibdir=/nowhere\ninclude={libdir}/internal.conf"]) { folder in
            var root = ConfigurationNode.empty
            _ = try PushpinImport.read(routes: nil, conf: "\(folder)/pushpin.conf", into: &root)
            #expect(root["listen"] != nil)
        }
    }

    /// Files, and the fault that they have; `~` is their folder.
    @Test(arguments: [
        (["pushpin.conf": "[proxy]\n\nroutesfile=nowhere"], "~/pushpin.conf:3: routesfile: no such file: ~/nowhere"),
        (["pushpin.conf": "[global]\ninclude=more.conf"], "~/pushpin.conf:2: include: no such file: ~/more.conf"),
        (["pushpin.conf": "[global]\ninclude=more.conf", "more.conf": "x"], "~/more.conf:1: expected KEY=VALUE, such as http_port=7999"),
        ([:], "~/pushpin.conf:1: (file): no such file"),
        (
            ["pushpin.conf": "[proxy]\nroutesfile=r", "r": "*"],
            "~/r:1: expected a condition and a target, such as * localhost:8000"
        ),
    ])
    func whatCannotBeReadIsTold(files: [String: String], fault: String) throws {
        try withFiles(files) { folder in
            var root = ConfigurationNode.empty
            let found = faults { _ = try PushpinImport.read(routes: nil, conf: "\(folder)/pushpin.conf", into: &root) }
            #expect(found.map(\.description) == [fault.replacing("~", with: folder)])
            #expect(root.flat.isEmpty)
        }
    }

    @Test func faultsOfBothFilesAreToldAtOnce() throws {
        try withFiles(["pushpin.conf": "x", "routes": "*"]) { folder in
            var root = ConfigurationNode.empty
            let found = faults { _ = try PushpinImport.read(routes: "\(folder)/routes", conf: "\(folder)/pushpin.conf", into: &root) }
            #expect(found.map(\.source) == [.file("\(folder)/pushpin.conf", line: 1), .file("\(folder)/routes", line: 1)])
        }
    }

    @Test func aFileThatIsNoTextIsTold() throws {
        try withFiles([:]) { folder in
            try Data([0xFF, 0xFE, 0x00]).write(to: URL(fileURLWithPath: "\(folder)/routes"))
            var root = ConfigurationNode.empty
            let found = faults { _ = try PushpinImport.read(routes: "\(folder)/routes", conf: nil, into: &root) }
            #expect(found.map(\.message) == ["cannot be read as UTF-8 text"])
        }
    }

    @Test("The files of an installed Pushpin have no fault", .enabled(if: FileManager.default.fileExists(atPath: "/etc/pushpin/pushpin.conf")))
    func installed() throws {
        var root = ConfigurationNode.empty
        let notes = try PushpinImport.read(routes: nil, conf: "/etc/pushpin/pushpin.conf", into: &root)
        #expect(Set(root.flat).isSuperset(of: ["listen[0] = :7999", "control.listen = 127.0.0.1:5561", "dialect = grip", "grip.sigIss = pushpin"]))
        #expect(!notes.contains { $0.contains("no such setting") || $0.contains("no such property") }, "\(notes)")
    }
}
