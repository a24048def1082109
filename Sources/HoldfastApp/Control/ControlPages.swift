// This source file is part of Holdfast, the gateway that holds WebSockets for stateless apps.
// SPDX-License-Identifier: Apache-2.0

/// What a list of the control API holds, fetched page by page as it is read. Each iteration begins anew.
public struct ControlPages<Element: Sendable>: AsyncSequence, Sendable {
    public typealias Failure = ControlError

    /// One page, and where the next begins.
    struct Page: Sendable {
        let elements: [Element]
        let next: String?
    }

    let fetch: @Sendable (_ after: String?) async throws(ControlError) -> Page

    public func makeAsyncIterator() -> Iterator { Iterator(fetch: fetch) }

    public struct Iterator: AsyncIteratorProtocol {
        let fetch: @Sendable (_ after: String?) async throws(ControlError) -> Page

        private var elements: ArraySlice<Element> = []
        private var next: String?
        private var isBegun = false

        init(fetch: @escaping @Sendable (_ after: String?) async throws(ControlError) -> Page) { self.fetch = fetch }

        public mutating func next() async throws(ControlError) -> Element? { try await next(isolation: nil) }

        public mutating func next(isolation actor: isolated (any Actor)?) async throws(ControlError) -> Element? {
            while elements.isEmpty {
                if isBegun, next == nil { return nil }
                let page = try await fetch(next)
                guard page.next == nil || page.next != next else {
                    throw ControlError(.unexpected, detail: "a page whose next is itself")
                }
                elements = page.elements[...]
                next = page.next
                isBegun = true
            }
            return elements.popFirst()
        }
    }
}
