// A chat room that holds no socket and remembers nothing: node app.mjs [port [address]]

import { readFile } from "node:fs/promises"
import { createServer } from "node:http"

const actions = (connection, event) => {
  const name = connection.state.user ?? new URLSearchParams(connection.query).get("name") ?? "guest"
  const toLobby = (json) => ({ type: "publish", channel: "lobby", json })
  if (event.type === "open") {
    return [{ type: "setState", state: { user: name } }, { type: "subscribe", channel: "lobby" }, toLobby({ notice: `${name} joined` })]
  }
  if (event.type === "message" && "text" in event) return [toLobby({ from: name, text: event.text })]
  if (event.type === "close") return [toLobby({ notice: `${name} left` })]
  return []
}

const answer = async (request, response) => {
  if (request.method !== "POST") {
    response.setHeader("content-type", "text/html; charset=utf-8")
    return response.end(await readFile(new URL("chat.html", import.meta.url)))
  }
  const body = []
  for await (const piece of request) body.push(piece)
  const { connection, events } = JSON.parse(Buffer.concat(body))
  response.setHeader("content-type", "application/json")
  response.end(JSON.stringify({ actions: events.flatMap((event) => actions(connection, event)) }))
}

const server = createServer((request, response) =>
  answer(request, response).catch((error) => response.writeHead(400).end(String(error))))
server.listen(Number(process.argv[2] ?? 3000), process.argv[3] ?? "127.0.0.1")
