import { spawn } from "node:child_process";
import { once } from "node:events";
import { it } from "vitest";
import { HttpServer } from "./http-server.ts";
const CROWD = `
const {connect}=require('net'); const [,port,n]=process.argv; let cuts=0;
const join=()=>{const s=connect(+port,'127.0.0.1').resume(); s.on('error',()=>s.destroy()); s.once('close',()=>{cuts++;join();});};
for(let i=0;i<+n;i++)join(); setInterval(()=>console.log(cuts),200);
`;
it.each([40, 64, 100, 300, 1000])("%d", async (n) => {
  const server = new HttpServer("ui_addr");
  const { port } = await server.listen({ host: "127.0.0.1", port: 0 });
  server.serve((_q, r) => void r.end("ok"), () => undefined);
  const child = spawn(process.execPath, ["-e", CROWD, String(port), String(n)], { stdio: ["ignore", "pipe", "inherit"] });
  await once(child.stdout, "data");
  const probe = spawn(process.execPath, ["-e", `
  const http=require('http');(async()=>{let ok=0,bad={};const t=Date.now();for(let i=0;i<300;i++){await new Promise(r=>{http.get({port:${port},host:'127.0.0.1',agent:false},x=>{x.resume();x.on('end',()=>{ok++;r()})}).on('error',e=>{bad[e.code]=(bad[e.code]??0)+1;r()})})}console.log(ok,JSON.stringify(bad),Date.now()-t)})()`], { stdio: ["ignore", "pipe", "inherit"] });
  const [out] = await once(probe.stdout, "data");
  console.log(n, String(out).trim(), server.connectionsRefused);
  child.kill(); await server.close();
}, 60000);
